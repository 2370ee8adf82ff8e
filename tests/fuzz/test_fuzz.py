"""Whatever a file holds, jumok answers or says in one sentence why not: no traceback, no hang.

The suite tries some of it; JUMOK_FUZZ=10000 tries so many inputs in all:

    JUMOK_FUZZ=10000 pytest tests/fuzz --timeout 3600
"""

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from fuzz.mutate import mutated
from jumok.dataset import prepare
from jumok.dataset.report import report
from jumok.errors import JumokError
from jumok.experiment import read_experiment
from jumok.experiment.sources import SourceOptions
from jumok.labelling.opening_objects import open_object_source
from picture_runs import write_scenes
from picture_sets import (
    box_table,
    cvat,
    labelme,
    labelme_shape,
    labelstudio,
    object_masks,
    save_image,
    studio_box,
    studio_region,
    studio_task,
    voc,
    voc_object,
    yolo,
)
from small_experiments import write_experiment, write_words

TEXTS = {"source": "abc", "target": "cba"}
WORDS = ["a b", "b c d", "안녕", "c", "d e f", "g, h", 'i "j"', "k"]


def lines(folder: Path) -> tuple[Path, dict]:
    file = folder / "a.txt"
    file.write_text("".join(f"{word}\n" for word in WORDS))
    shutil.copy(file, folder / "b.txt")
    return file, {"lines": {"source": "a.txt", "target": "b.txt"}}


def packed(folder: Path) -> tuple[Path, dict]:
    file, _ = lines(folder)
    (folder / "a.txt.gz").write_bytes(gzip.compress(file.read_bytes()))
    return folder / "a.txt.gz", {"lines": {"source": "a.txt.gz", "target": "b.txt"}}


def table(name: str, between: str, quote: str = "") -> Callable[[Path], tuple[Path, dict]]:
    def write(folder: Path) -> tuple[Path, dict]:
        rows = [f"{quote}{word.replace(chr(34), '')}{quote}{between}x" for word in WORDS]
        (folder / name).write_text("\n".join([f"source{between}target", *rows]) + "\n")
        return folder / name, {"table": name}

    return write


def jsonl(folder: Path) -> tuple[Path, dict]:
    rows = [f'{{"source": "{word[:1]}", "target": "x", "other": [1, null]}}\n' for word in WORDS]
    (folder / "a.jsonl").write_text("".join(rows))
    return folder / "a.jsonl", {"table": "a.jsonl"}


def parquet(folder: Path) -> tuple[Path, dict]:
    pq.write_table(pa.table({"source": WORDS, "target": WORDS[::-1]}), folder / "a.parquet")
    return folder / "a.parquet", {"table": "a.parquet"}


def lexicon(folder: Path) -> tuple[Path, dict]:
    (folder / "a.dict").write_text("ABC  AH0 B S IY1\nABC(2)  EY1\nDEF  D EH1 # letters\n;;; no\n" * 3)
    return folder / "a.dict", {"lexicon": "a.dict"}


def headerless(name: str, between: str) -> Callable[[Path], tuple[Path, dict]]:
    """A table whose columns are given by their numbers."""

    def write(folder: Path) -> tuple[Path, dict]:
        words = [word.replace(between, "") for word in WORDS]
        (folder / name).write_text("".join(f"{word}{between}x\n" for word in words))
        return folder / name, {"table": name, "columns": {"source": 1, "target": 2}}

    return write


def json_list(folder: Path) -> tuple[Path, dict]:
    (folder / "a.json").write_text(json.dumps([{"source": word, "target": "x"} for word in WORDS], indent=1))
    return folder / "a.json", {"table": "a.json"}


TABLES = {
    "lines": lines,
    "gzip": packed,
    "tsv": table("a.tsv", "\t"),
    "csv": table("a.csv", ",", '"'),
    "jsonl": jsonl,
    "parquet": parquet,
    "lexicon": lexicon,
    "headerless csv": headerless("a.csv", ","),
    "headerless txt": headerless("a.txt", "\t"),
    "json": json_list,
}


def coco_file(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    return folder / "train.json", {"coco": "train.json"}


def voc_xml(folder: Path) -> tuple[Path, dict]:
    for name in "abc":
        voc(folder / "v", voc_object("dog", 1, 2, 30, 40), name)
    return folder / "v" / "Annotations" / "a.xml", {"voc": "v", "split": "train"}


def voc_list(folder: Path) -> tuple[Path, dict]:
    voc_xml(folder)
    return folder / "v" / "ImageSets" / "Main" / "train.txt", {"voc": "v", "split": "train"}


def yolo_yaml(folder: Path) -> tuple[Path, dict]:
    yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n1 0 0 1 0 1 1\n", "b": "1 0.5 0.5 0.1 0.1\n"})
    return folder / "y" / "data.yaml", {"yolo": "y/data.yaml", "split": "train"}


def yolo_labels(folder: Path) -> tuple[Path, dict]:
    _, source = yolo_yaml(folder)
    return folder / "y" / "labels" / "train" / "a.txt", source


def image(folder: Path) -> tuple[Path, dict]:
    coco_file(folder)
    return next((folder / "images").glob("*.png")), {"coco": "train.json"}


def masks(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    (folder / "masks").mkdir()
    for file in (folder / "images").glob("*.png"):
        mask = Image.new("L", (64, 48))
        mask.paste(1, (5, 5, 30, 30))
        mask.save(folder / "masks" / file.name)
    file = next((folder / "masks").glob("*.png"))
    return file, {"masks": "masks", "images": "images", "classes": ["ground", "brick"]}


def mask_list(folder: Path) -> tuple[Path, dict]:
    masks(folder)
    names = sorted(file.name for file in (folder / "masks").glob("*.png"))
    (folder / "list.txt").write_text("".join(f"images/{name} masks/{name}\n" for name in names))
    return folder / "list.txt", {"masks": "list.txt", "classes": ["ground", "brick"]}


def voc_anywhere(folder: Path) -> tuple[Path, dict]:
    """XML beside images, as LabelImg leaves it: without lists."""
    for name in "abc":
        voc(folder / "v", voc_object("dog", 1, 2, 30, 40), name)
        for file in (
            folder / "v" / "Annotations" / f"{name}.xml",
            folder / "v" / "JPEGImages" / f"{name}.png",
        ):
            file.rename(folder / file.name)
    shutil.rmtree(folder / "v")
    return folder / "a.xml", {"voc": "."}


def yolo_elsewhere(folder: Path) -> tuple[Path, dict]:
    """Labels beside images, and a path of another machine."""
    text = "path: /home/somebody/y\ntrain: train\nnames:\n  0: cat\n  1: dog\n"
    yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n", "b": "1 0.5 0.5 0.1 0.1\n"}, text)
    (folder / "y" / "train").mkdir()
    for file in [*(folder / "y").glob("*/train/*")]:
        file.rename(folder / "y" / "train" / file.name)
    return folder / "y" / "data.yaml", {"yolo": "y/data.yaml", "split": "train"}


def cvat_yolo(name: str) -> Callable[[Path], tuple[Path, dict]]:
    """A file of CVAT's YOLO 1.1."""

    def write(folder: Path) -> tuple[Path, dict]:
        images = folder / "y" / "obj_train_data"
        for one in "ab":
            save_image(images / f"{one}.png", seed=ord(one))
            (images / f"{one}.txt").write_text("0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.1 0.1\n")
        (folder / "y" / "obj.names").write_text("cat\ndog\n")
        (folder / "y" / "train.txt").write_text("data/obj_train_data/a.png\ndata/obj_train_data/b.png\n")
        lines = ("classes = 2", "train = data/train.txt", "names = data/obj.names", "backup = backup/")
        (folder / "y" / "obj.data").write_text("\n".join(lines) + "\n")
        return folder / "y" / name, {"yolo": "y/obj.data", "split": "train"}

    return write


def cvat_xml(folder: Path) -> tuple[Path, dict]:
    shapes = (
        '<box label="cat" xtl="4" ytl="5" xbr="20" ybr="30" occluded="1"/>',
        '<polygon label="dog" points="1.5,2;20,2;20,30"/>',
        '<ellipse label="dog" cx="20" cy="20" rx="5" ry="4" rotation="3"/>',
        '<mask label="cat" rle="3, 4, 5" left="2" top="3" width="4" height="3"/>',
    )
    return cvat(folder, *shapes), {"cvat": "annotations.xml", "images": "images"}


def labelme_file(folder: Path) -> tuple[Path, dict]:
    shapes = (
        labelme_shape("cat", (4, 5), (20, 30)),
        labelme_shape("dog", (1, 2), (30, 2), (30, 40), kind="polygon", group_id=1),
        labelme_shape("dog", (20, 20), (25, 25), kind="circle"),
    )
    labelme(folder / "l", *shapes)
    labelme(folder / "l", *shapes, name="bb")
    return folder / "l" / "a.json", {"labelme": "l"}


def studio_tasks(folder: Path) -> tuple[Path, dict]:
    corners = {"points": [[10, 10], [40, 10], [40, 60.5]], "polygonlabels": ["dog"]}
    task = studio_task(1, studio_box(), studio_region("polygonlabels", corners, id="r2"))
    return labelstudio(folder, task), {"labelstudio": "project.json"}


def masks_of_objects(folder: Path) -> tuple[Path, dict]:
    object_masks(folder / "o")
    return folder / "o" / "n1" / "masks" / "first.png", {"object_masks": "o"}


def boxes_in_a_table(folder: Path) -> tuple[Path, dict]:
    rows = ("a.png,64,48,cat,4,5,20,30", "a.png,64,48,dog,1,1,9,9.5")
    return box_table(folder, *rows), {"boxes": "boxes.csv"}


def named_masks(folder: Path) -> tuple[Path, dict]:
    """Masks called NAME_mask beside their images, of 0 and 255."""
    for name in "abc":
        save_image(folder / "m" / f"{name}.jpg", seed=ord(name))
        mask = Image.new("L", (64, 48))
        mask.paste(255, (5, 5, 30, 30))
        mask.save(folder / "m" / f"{name}_mask.png")
    source = {"masks": "m", "images": "m", "classes": ["ground", "brick"]}
    return folder / "m" / "b_mask.png", source


def instances(folder: Path) -> tuple[Path, dict]:
    """Masks whose values number objects."""
    file, _ = named_masks(folder)
    for number, mask in enumerate((folder / "m").glob("*_mask.png")):
        numbers = Image.new("I;16", (64, 48))
        numbers.paste(number + 1, (5, 5, 20, 20))
        numbers.paste(number + 300, (30, 5, 40, 20))
        numbers.save(mask)
    return file, {"masks": "m", "images": "m", "instances": True, "classes": ["ground", "cell"]}


ANNOTATIONS = {
    "coco": coco_file,
    "voc": voc_xml,
    "voc list": voc_list,
    "yolo": yolo_yaml,
    "labels": yolo_labels,
    "image": image,
    "mask": masks,
    "mask list": mask_list,
    "voc anywhere": voc_anywhere,
    "yolo elsewhere": yolo_elsewhere,
    **{f"cvat {name}": cvat_yolo(name) for name in ("obj.data", "obj.names", "train.txt")},
    "cvat label": cvat_yolo("obj_train_data/a.txt"),
    "cvat xml": cvat_xml,
    "labelme": labelme_file,
    "label studio": studio_tasks,
    "object masks": masks_of_objects,
    "box table": boxes_in_a_table,
    "named mask": named_masks,
    "instances": instances,
}
AS_MASKS = ("mask", "mask list", "named mask")
RUN_FILES = (
    *("report.html", "model/target.vocabulary.json"),
    *("model/model.safetensors", "model/config.yaml", "model/source.vocabulary.json", "config.yaml"),
    *("metrics.jsonl", "evaluation.json", "analysis.json", "predictions.jsonl", "environment.json"),
)
TARGETS = len(TABLES) + len(ANNOTATIONS) + len(RUN_FILES) + 4
EACH = -(-int(os.environ["JUMOK_FUZZ"]) // TARGETS) if "JUMOK_FUZZ" in os.environ else 12


def experiment_file(folder: Path, source: dict, kind: str) -> Path:
    """An experiment on the data of a target, the same for training and valid."""
    options = {"data": {"train": source, "valid": source, "tokens": {"kind": "characters"}}}
    if kind == "text":
        options |= {"inputs": {"source": {}}, "outputs": {"target": {}}}
    else:
        options |= {
            "inputs": {"photo": {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}}
        }
        options |= {"outputs": {"seen": {"kind": kind}}}
    options["data"]["on_bad_rows"] = "skip"
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options))
    return file


def ends_well(act: Callable[[], object]) -> None:
    """An answer, or one sentence."""
    try:
        act()
    except JumokError as error:
        sentence = str(error)
        assert sentence and "Traceback" not in sentence
        sentence.encode()


@pytest.mark.parametrize("name", [*TABLES, *ANNOTATIONS])
def test_what_is_mutated_was_good(name, tmp_path):
    _, source = (TABLES | ANNOTATIONS)[name](tmp_path)
    kind = "text" if name in TABLES else "mask" if name in AS_MASKS else "boxes"
    prepared = prepare(read_experiment(experiment_file(tmp_path, source, kind)), str, tolerant=True)
    assert [str(fault) for fault in report(prepared).faults if fault.kind != "unseen_class"] == []
    assert len(prepared.splits["train"])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*TABLES, *ANNOTATIONS])
def test_data_end_in_rows_or_in_a_sentence(name, tmp_path):
    file, source = (TABLES | ANNOTATIONS)[name](tmp_path)
    kind = "text" if name in TABLES else "mask" if name in AS_MASKS else "boxes"
    experiment = read_experiment(experiment_file(tmp_path, source, kind))
    whole, draw = file.read_bytes(), random.Random(name)
    for number in range(EACH):
        file.write_bytes(mutated(whole, draw))
        tolerant = number % 2 == 0
        ends_well(lambda: report(prepare(experiment, str, tolerant=tolerant)))  # noqa: B023


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["cvat xml", "labelme", "label studio"])
def test_annotations_of_tools_are_labelled_or_refused(name, tmp_path):
    file, source = ANNOTATIONS[name](tmp_path)
    whole, draw = file.read_bytes(), random.Random(name)
    options = {key: tmp_path / value for key, value in source.items()}

    def label() -> None:
        store = open_object_source(SourceOptions.model_validate(options))
        for item in store.items():
            read = store.read(item.key)
            store.write(item.key, read.version, read.marks)
            store.write(item.key, read.version, {"objects": []})

    for number in range(EACH):
        file.write_bytes(whole if number == 0 else mutated(whole, draw))
        ends_well(label)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("text", ["stem", "folder"])
def test_texts_in_names_end_in_rows_or_in_a_sentence(tmp_path, text):
    draw = random.Random(text)
    options = {
        "inputs": {"photo": {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}},
        "outputs": {"said": {}},
        "data": dict.fromkeys(("train", "valid"), {"files": "f", "text": text}) | {"on_bad_rows": "skip"},
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options))
    whole = save_image(tmp_path / "a.png").read_bytes()
    for number in range(EACH):
        shutil.rmtree(tmp_path / "f", ignore_errors=True)
        for one in (b"abc", b"cab", mutated(b"some words", draw)):
            name = one.translate(None, b"/\0")[:200] or b"x"
            folder = os.path.join(os.fsencode(tmp_path / "f"), name if text == "folder" else b"f")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, (b"x" if text == "folder" else name) + b".png"), "wb") as file:
                file.write(mutated(whole, draw) if number % 3 == 2 else whole)
        experiment = read_experiment(tmp_path / "x.yaml")
        ends_well(lambda: report(prepare(experiment, str, tolerant=number % 2 == 0)))  # noqa: B023


@pytest.mark.timeout(3600)
def test_an_experiment_file_is_read_or_refused(tmp_path):
    write_words(tmp_path, train=5)
    file, draw = write_experiment(tmp_path), random.Random(1)
    whole = file.read_bytes()
    for _ in range(EACH):
        file.write_bytes(mutated(whole, draw))
        ends_well(lambda: read_experiment(file))


@pytest.mark.timeout(3600)
def test_an_override_is_taken_or_refused(tmp_path):
    write_words(tmp_path, train=5)
    file, draw = write_experiment(tmp_path), random.Random(2)
    sets = ("training.steps=200", "inputs.source.encoder={kind: gru, layers: 1}", "data.tokens.kind=bpe")
    for number in range(EACH):
        override = mutated(sets[number % len(sets)].encode(), draw).decode("utf-8", "surrogateescape")
        ends_well(lambda: read_experiment(file, [override]))  # noqa: B023


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_damaged_run_answers_or_says_why(name, small_run, tmp_path, jumok):
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    whole, draw = (run / name).read_bytes(), random.Random(name)
    commands = (("predict", run, "abc"), ("report", run), ("evaluate", run), ("runs", tmp_path))
    for number in range(-(-EACH // 2)):
        (run / name).write_bytes(mutated(whole, draw))
        ended = jumok(*commands[number % len(commands)])  # fails on a traceback
        assert ended.status in (0, 2), ended.talk
