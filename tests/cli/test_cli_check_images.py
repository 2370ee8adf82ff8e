"""`jumok check` of images: every one is decoded, and a batch is drawn as the model gets it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_runs import draw_scene, write_image_experiment, write_scenes
from jumok.data.annotations.palette import PALETTE
from small_experiments import small_experiment, write_table

SMALL = {"train": 10, "valid": 3, "test": 2}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    write_scenes(tmp_path, SMALL)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def faults(talk: str, what: str = "fault") -> list[str]:
    return [line.removeprefix(f"{what}: ") for line in talk.splitlines() if line.startswith(f"{what}: ")]


@pytest.mark.parametrize("kind", ["boxes", "mask", "text"])
def test_good_images_and_their_batch(jumok, folder, kind):
    ended = jumok("check", write_image_experiment(folder, kind))
    assert ended.status == 0 and ended.output == ""
    assert "no faults" in ended.talk and "a batch as the model gets it in training: x-batch.png" in ended.talk
    assert "64 × 48" in ended.talk and ("brick, " in ended.talk) == (kind != "text")
    pixels = np.asarray(Image.open("x-batch.png"))
    colours = [(pixels == colour).all(-1).sum() for colour in PALETTE[:3]]
    assert pixels.shape[1] > 1000 and (max(colours) > 200) == (kind != "text")


def test_the_image_goes_where_it_is_wanted(jumok, folder):
    file = write_image_experiment(folder, "boxes")
    ended = jumok("check", file, "--picture", folder / "seen.png", "--json")
    document = json.loads(ended.output)
    assert document["picture"] == str(folder / "seen.png") and (folder / "seen.png").exists()
    assert not list(Path().iterdir())
    train = document["images"]["train"]
    assert train["images"] == 10 and train["smallest"] == train["largest"] == "64 × 48"
    annotations = json.loads((folder / "train.json").read_text())["annotations"]
    assert sum(train["objects"].values()) == len(annotations)
    assert document["remarks"] == [] and document["fault_count"] == 0


def test_texts_have_no_image(jumok, tmp_path):
    small_experiment(tmp_path)
    ended = jumok("check", tmp_path / "x.yaml", "--picture", tmp_path / "no.png")
    assert "no image of a batch: there are no images" in ended.talk and not (tmp_path / "no.png").exists()


def test_faults_of_annotations(jumok, folder):
    document = json.loads((folder / "train.json").read_text())
    document["annotations"][0]["bbox"][2] = 0
    document["annotations"][1]["bbox"][2] = 500
    (folder / "train.json").write_text(json.dumps(document))
    file = write_image_experiment(folder, "boxes")
    ended = jumok("check", file)
    told = faults(ended.talk)
    assert ended.status == 2 and len(told) == 2
    assert "remove it or draw it again" in told[0] and "beyond the right edge" in told[1]
    assert "faulty rows: 2" in ended.talk
    assert jumok("check", file, "--set", "data.on_bad_rows=skip").status == 0


def test_a_damaged_image_is_a_fault_that_can_be_skipped(jumok, folder):
    broken = folder / "images" / "000003.png"
    broken.write_bytes(broken.read_bytes()[:400])
    file = write_image_experiment(folder, "boxes")
    ended = jumok("check", file)
    (told,) = faults(ended.talk)
    assert told.startswith(f"{broken}: cannot be decoded") and ended.status == 2
    assert jumok("check", file, "--set", "data.on_bad_rows=skip").status == 0


def test_tables_name_their_line(jumok, folder):
    rows = [line.split("\t") for line in (folder / "train.tsv").read_text().splitlines()[1:]]
    rows[1][0] = "images/gone.png"
    write_table(folder / "train.tsv", rows, ("photo", "seen"))
    broken = folder / "images" / "000004.png"
    broken.write_bytes(b"no image")
    ended = jumok("check", write_image_experiment(folder, "text"))
    told = sorted(faults(ended.talk))
    assert ended.status == 2 and len(told) == 2
    assert told[0].startswith(
        f"{folder / 'train.tsv'}:3: lists {folder / 'images/gone.png'}, which does not exist"
    )
    assert told[1].startswith(f"{folder / 'train.tsv'}:5: {broken} is another kind of file or damaged")


def test_the_same_image_in_two_parts_and_exif_are_remarks(jumok, folder):
    twin = folder / "images" / "000101.png"
    twin.write_bytes((folder / "images" / "000001.png").read_bytes())
    draw_scene(folder / "images" / "turned.jpg", 5)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(folder / "images" / "turned.jpg") as image:
        image.save(folder / "images" / "turned.jpg", exif=exif)
    with (folder / "train.tsv").open("a") as table:
        table.write("images/turned.jpg\tbrick\n")
    ended = jumok("check", write_image_experiment(folder, "text"))
    told = faults(ended.talk, "remark")
    assert ended.status == 0 and len(told) == 2
    assert "EXIF turns it (orientation 6)" in told[0]
    assert f"{twin} in valid is the same image as" in told[1]


def test_a_persons_image_is_kept(jumok, refused, folder):
    file = write_image_experiment(folder, "boxes")
    for _ in range(2):
        assert jumok("check", file).status == 0
    Image.new("RGB", (3, 3)).save("x-batch.png")
    before = Path("x-batch.png").read_bytes()
    assert "x-batch.png exists already; name another file by --picture" in refused("check", file)
    assert Path("x-batch.png").read_bytes() == before
