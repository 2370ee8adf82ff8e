"""`jumok new`: the file is valid and commented, names the data that are there, and passes `jumok check`."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from image_sets import save_image, voc, voc_object, yolo
from jumok.experiment import read_experiment

SMALL = ("--set", "inputs.image.encoder={backbone: convolutional}", "--set", "inputs.image.size=32")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def made(jumok, *words: object, file: str = "x.yaml") -> Path:
    ended = jumok("new", file, *words)
    assert ended.status == 0 and ended.output == f"{file}\n" and f"run: jumok check {file}" in ended.talk
    text = Path(file).read_text(encoding="utf-8")
    assert f"jumok train {file}" in text and "jumok options" in text and "# " in text.partition("data:")[2]
    return Path(file)


def voc_set(folder: Path) -> Path:
    for number, split in enumerate(("train", "train", "val", "test")):
        voc(folder, voc_object("cell", 2, 3, 30, 31), name=f"a{number}", split=split)
    return folder


def yolo_set(folder: Path) -> Path:
    text = "train: images/train\nval: images/train\nnames: [cell]\n"
    yolo(folder, dict.fromkeys("abc", "0 0.5 0.5 0.2 0.2\n"), text)
    return folder


def coco_set(folder: Path, names: tuple[str, ...]) -> Path:
    for number, name in enumerate(names):
        images = [{"id": i, "file_name": f"{name}{i}.png", "width": 64, "height": 48} for i in range(1, 7)]
        marked = [
            {"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 30, 20], "iscrowd": 0}
            for i in range(1, 7)
        ]
        text = json.dumps(
            {"images": images, "annotations": marked, "categories": [{"id": 1, "name": "cell"}]}
        )
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
        for image in images:
            save_image(folder / str(image["file_name"]), seed=100 * number + int(image["id"]))
    return folder


def mask_set(folder: Path, parts: tuple[str, ...] = ("",), values: tuple[int, ...] = (0, 1, 2)) -> Path:
    for seed, part in enumerate(parts):
        for number, name in enumerate("abcdef"):
            save_image(folder / "images" / part / f"{name}.png", seed=10 * seed + number)
            (folder / "masks" / part).mkdir(parents=True, exist_ok=True)
            pixels = np.resize(np.array(values, np.uint8), (48, 64))
            Image.fromarray(pixels).save(folder / "masks" / part / f"{name}.png")
    return folder


def checked(jumok, file: Path) -> None:
    ended = jumok("check", file, *SMALL)
    assert ended.status == 0 and "no faults" in ended.talk, ended.talk


@pytest.mark.parametrize(
    ("write", "kind", "parts"),
    [
        (voc_set, "boxes", {"train", "valid", "test"}),
        (yolo_set, "boxes", {"train", "valid"}),
        (lambda folder: yolo_set(folder) / "data.yaml", "boxes", {"train", "valid"}),
        (
            lambda folder: coco_set(folder, ("instances_train2017", "instances_val2017")),
            "boxes",
            {"train", "valid"},
        ),
        (lambda folder: coco_set(folder, ("cells",)) / "cells.json", "boxes", {"train", "valid", "test"}),
        (mask_set, "mask", {"train", "valid", "test"}),
        (lambda folder: mask_set(folder, ("train", "val")), "mask", {"train", "valid"}),
        (lambda folder: mask_set(folder) / "masks", "mask", {"train", "valid", "test"}),
    ],
    ids=[
        "voc",
        "yolo folder",
        "yolo file",
        "coco folder",
        "coco file",
        "masks",
        "masks in parts",
        "folder of masks",
    ],
)
def test_data_are_recognized_and_pass_the_check(jumok, write, kind, parts):
    file = made(jumok, "--data", write(Path("data set")))
    experiment = read_experiment(file)
    (output,) = experiment.outputs.values()
    assert output.kind == kind and list(experiment.inputs) == ["image"]
    assert set(experiment.data.splits()) == parts
    checked(jumok, file)


def test_classes_of_masks_are_named_by_their_values(jumok):
    experiment = read_experiment(made(jumok, "--data", mask_set(Path("set"), values=(0, 1, 2, 3))))
    assert experiment.data.train.classes == ("background", "class1", "class2", "class3")


def test_colours_of_masks_are_named(jumok):
    folder = mask_set(Path("set"))
    for file in (folder / "masks").iterdir():
        pixels = np.zeros((48, 64, 3), np.uint8)
        pixels[:20] = (0, 128, 255)
        Image.fromarray(pixels).save(file)
    file = made(jumok, "--data", folder)
    assert read_experiment(file).data.train.classes == {"background": (0, 0, 0), "class1": (0, 128, 255)}
    checked(jumok, file)


def test_names_and_kinds(jumok):
    data = voc_set(Path("set"))
    experiment = read_experiment(
        made(jumok, "--input", "photo:image", "--output", "cells:boxes", "--data", data)
    )
    assert list(experiment.inputs) == ["photo"] and list(experiment.outputs) == ["cells"]
    experiment = read_experiment(made(jumok, "--kind", "mask", file="m.yaml"))
    assert (experiment.inputs["image"].kind, experiment.outputs["mask"].kind) == ("image", "mask")
    experiment = read_experiment(made(jumok, "--input", "plate:image", "--output", "letters", file="r.yaml"))
    assert (experiment.inputs["plate"].kind, experiment.outputs["letters"].kind) == ("image", "text")
    experiment = read_experiment(made(jumok, "--input", "a", "--input", "b", "--output", "c", file="s.yaml"))
    assert experiment.names == ("a", "b", "c")


@pytest.mark.parametrize(
    ("name", "head", "row", "names"),
    [
        ("pairs.tsv", "german\tenglish", "ja{}\tyes{}", ("german", "english")),
        ("pairs.csv", '"german","english"', '"ja{}","yes{}"', ("german", "english")),
        ("pairs.tsv", "der Satz\ttrain", "ja{}\tyes{}", ("column1", "column2")),
        ("pairs.tsv", "한국어\tenglish", "네{}\tyes{}", ("한국어", "english")),
    ],
)
def test_columns_of_a_table_are_the_names(jumok, name, head, row, names):
    Path("tables").mkdir()
    Path("tables", name).write_text(
        "\n".join([head, *(row.format(i, i) for i in range(60))]), encoding="utf-8"
    )
    file = made(jumok, "--data", Path("tables", name), file="more/x.yaml")
    assert read_experiment(file).names == names
    ended = jumok("check", file, "--set", "data.tokens={kind: characters}")
    assert ended.status == 0 and "no faults" in ended.talk, ended.talk


TEN = ["cat", "dog", "cat", "cat", "dog", "dog", "cat", "dog", "cat", "dog"]
WORDS = [f"word {number}" for number in range(10)]


@pytest.mark.parametrize(
    ("column", "cells", "kind"),
    [
        ("label", TEN, "label"),
        ("label", WORDS, "label"),  # by its name, however few they are
        ("label", ["cat"], "label"),
        ("animal", TEN, "label"),
        ("caption", WORDS, "text"),
        ("caption", ["a dog", "a dog", "a cat"], "text"),  # too few to tell
        ("caption", ["the same long sentence of a caption, of a " + one for one in TEN], "text"),
        ("species", [f"s{n % 30}" for n in range(400)], "label"),
        ("word", [f"w{n % 300}" for n in range(900)], "text"),
    ],
)
@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_cells_that_repeat_are_labels(jumok, column, cells, kind, form):
    mark = {"csv": ",", "tsv": "\t"}[form]
    quoted = [f'"{one}"' if mark in one else one for one in cells]
    rows = [f"image{mark}{column}", *(f"{n}.png{mark}{one}" for n, one in enumerate(quoted))]
    Path(f"labels.{form}").write_text("\n".join(rows) + "\n")
    assert jumok("new", "x.yaml", "--data", f"labels.{form}").status == 0
    said = yaml.safe_load(Path("x.yaml").read_text())
    assert {name: one["kind"] for name, one in said["outputs"].items()} == {column: kind}
    assert said["inputs"]["image"]["kind"] == "image"
    assert jumok("new", "named.yaml", "--data", f"labels.{form}", "--output", column).status == 0
    assert yaml.safe_load(Path("named.yaml").read_text())["outputs"][column]["kind"] == kind
    assert jumok("new", "text.yaml", "--data", f"labels.{form}", "--kind", "text").status == 0
    assert yaml.safe_load(Path("text.yaml").read_text())["outputs"][column]["kind"] == "text"


def test_tables_of_a_folder_are_the_parts(jumok):
    Path("set").mkdir()
    for part in ("train", "dev", "test"):
        Path("set", f"{part}.tsv").write_text("a\tb\n" + "".join(f"{i}\t{part}{i}\n" for i in range(9)))
    experiment = read_experiment(made(jumok, "--data", "set"))
    files = [source.table.name for _, source in experiment.data.sources()]
    assert files == ["train.tsv", "dev.tsv", "test.tsv"]


def test_an_image_and_its_text_pass_the_check(jumok):
    rows = []
    for number in range(40):
        save_image(Path("images", f"{number}.png"), seed=number)
        rows.append(f"images/{number}.png\tn{number}\n")
    Path("plates.tsv").write_text("image\ttext\n" + "".join(rows))
    file = made(jumok, "--data", "plates.tsv")
    experiment = read_experiment(file)
    assert (experiment.inputs["image"].kind, experiment.outputs["text"].kind) == ("image", "text")
    checked(jumok, file)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--output", "a:boxs"], "did you mean 'boxes'?"),
        (["--input", "a:sound"], "there is no input of kind 'sound'"),
        (["--input", "2nd"], "'2nd' must be made of letters, digits and _"),
        (["--output", "train"], "outputs.train: this name means something else to PyTorch"),
        (["--input", "a", "--output", "a"], "is an input, too"),
        (["--kind", "boxes", "--output", "b:mask"], "give one of them"),
        (
            ["--input", "a:image", "--input", "b:image", "--output", "c:boxes"],
            "needs one input of kind image",
        ),
        (["--data", "nothing"], "does not exist"),
        (["--data", "pairs.tsv", "--kind", "boxes"], "--data holds a table"),
        (["--data", "set", "--kind", "boxes"], "--data holds masks of images"),
        (["--data", "set", "--kind", "boxes"], "which give no boxes"),
        (["--data", "alone"], "; where the names of images say what is written in them, add --kind text"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(refused, words, sentence):
    Path("pairs.tsv").write_text("a\tb\n1\t2\n")
    mask_set(Path("set"))
    (mask_set(Path("alone")) / "images").rename("elsewhere")
    assert sentence in refused("new", "x.yaml", *words)
    assert not Path("x.yaml").exists()


def test_masks_of_0_and_255_name_both_values(jumok):
    file = made(jumok, "--data", mask_set(Path("set"), values=(0, 0, 255)))
    assert read_experiment(file).data.train.classes == {"background": 0, "object": 255}
    checked(jumok, file)


def test_masks_among_the_images_are_told_by_their_names(jumok):
    folder = mask_set(Path("set"))
    for mask in (folder / "masks").iterdir():
        mask.rename(folder / "images" / f"{mask.stem}_mask.png")
    (folder / "masks").rmdir()
    file = made(jumok, "--data", folder / "images")
    assert read_experiment(file).data.train.classes == ("background", "class1", "class2")
    checked(jumok, file)


def test_images_whose_names_are_their_texts(jumok):
    for number, word in enumerate(("ja", "nein", "doch", "bald", "heute", "morgen") * 4):
        save_image(Path("set", f"{word}{number}.png"), seed=number)
    file = made(jumok, "--data", "set", "--kind", "text")
    experiment = read_experiment(file)
    assert (experiment.inputs["image"].kind, experiment.outputs["text"].kind) == ("image", "text")
    checked(jumok, file)
