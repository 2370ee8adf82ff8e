"""`jumok predict` of images: lines, JSON, and a folder that people and COCO's programs can read."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from image_runs import IDS, draw_scene, trained
from jumok.data.annotations.palette import PALETTE
from jumok.predictor import load, save_weights, weights_of
from jumok.predictor.jobs.image_files import distinct_names, image_ids

KINDS = ("boxes", "mask", "text")
each_kind = pytest.mark.parametrize("kind", KINDS)


def scenes(kind: str) -> list[Path]:
    return sorted((trained(kind) / "images").glob("0002*.png"))


def texts(kind: str, images: list[Path]) -> list[str]:
    return [prediction.text for prediction in load(trained(kind) / "run").predict(images)]


def load_json(path: Path) -> object:
    return json.loads(path.read_text(encoding="utf-8"))


@each_kind
def test_a_line_for_each_image(jumok, kind):
    ended = jumok("predict", trained(kind) / "run", *scenes(kind))
    assert ended.status == 0 and ended.output.splitlines() == texts(kind, scenes(kind))
    assert ended.talk.strip() == ""


def test_a_folder_stands_for_its_images(jumok, tmp_path):
    for i, name in enumerate(("b.png", "deep/a.jpg", "a.PNG")):
        draw_scene(tmp_path / name, i)
    (tmp_path / "notes.txt").write_text("no image")
    run = trained("boxes") / "run"
    images = [tmp_path / "a.PNG", tmp_path / "b.png", tmp_path / "deep" / "a.jpg"]
    answers = jumok("predict", run, *images).output.splitlines()
    named = [f"{image}\t{answer}" for image, answer in zip(images, answers, strict=True)]
    assert jumok("predict", run, tmp_path).output.splitlines() == named
    document = json.loads(jumok("predict", run, tmp_path, "--json").output)
    assert [item["input"] for item in document] == [str(image) for image in images]
    assert document[0].keys() == {"input", "width", "height", "objects"}


@pytest.mark.parametrize("way", ["file", "stdin", "keyboard"])
def test_lists_of_images(jumok, tmp_path, way):
    images = scenes("text")
    data = ("".join(f"{image}\n" for image in images) + "\n").encode()
    (tmp_path / "list.txt").write_bytes(data)
    words = ["--file", tmp_path / "list.txt"] if way == "file" else []
    given = b"" if way == "file" else data
    ended = jumok("predict", trained("text") / "run", *words, given=given, keyboard=way == "keyboard")
    assert ended.output.splitlines() == texts("text", images)


def test_boxes_are_in_cocos_format_of_results(jumok, tmp_path):
    images, out = scenes("boxes"), tmp_path / "out"
    ended = jumok("predict", trained("boxes") / "run", *images, "--output", out)
    assert ended.status == 0 and ended.output == ""
    results = load_json(out / "predictions.json")
    found = load(trained("boxes") / "run").predict(images)
    assert len(results) == sum(len(one["seen"].objects) for one in found) > 0
    first = found[0]["seen"].objects[0]
    x1, y1, x2, y2 = first.box
    record = results[0]
    assert record.keys() == {"image_id", "category_id", "bbox", "score"}
    assert (record["image_id"], record["category_id"]) == (201, IDS[first.name])
    assert record["bbox"] == pytest.approx([x1, y1, x2 - x1, y2 - y1], abs=0.011)
    truth = COCO(str(trained("boxes") / "test.json"))
    judged = COCOeval(truth, truth.loadRes(str(out / "predictions.json")), "bbox")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    scores = load_json(trained("boxes") / "run" / "evaluation.json")["metrics"]
    assert judged.stats[1] == pytest.approx(scores["AP50"]["value"], abs=0.01)
    assert COCO(str(out / "images.json")).getCatIds() == sorted(IDS.values())
    COCO(str(out / "images.json")).loadRes(str(out / "predictions.json"))


@each_kind
def test_every_image_has_an_image_and_a_record(jumok, tmp_path, kind):
    images, out = scenes(kind), tmp_path / "out"
    jumok("predict", trained(kind) / "run", *images, "--output", out)
    about = load_json(out / "images.json")
    assert [one["id"] for one in about["images"]] == [int(image.stem) for image in images]
    assert [Path(one["file_name"]) for one in about["images"]] == images
    for one in about["images"]:
        assert (one["width"], one["height"]) == (64, 48)
        with Image.open(out / one["picture"]) as drawn:
            assert drawn.width >= 480 and drawn.format == "JPEG"
    if kind == "text":
        told = load_json(out / "predictions.json")
        assert [(one["image_id"], one["text"]) for one in told] == list(
            zip((int(image.stem) for image in images), texts(kind, images), strict=True)
        )


def test_masks_are_images_of_class_ids(jumok, tmp_path):
    images, out = scenes("mask"), tmp_path / "out"
    jumok("predict", trained("mask") / "run", *images, "--output", out)
    about, told = load_json(out / "images.json"), load_json(out / "predictions.json")
    ids = {one["name"]: one["id"] for one in about["categories"]}
    found = load(trained("mask") / "run").predict(images)
    for prediction, one, record in zip(found, about["images"], told, strict=True):
        value = prediction["seen"]
        with Image.open(out / one["mask"]) as mask:
            assert mask.mode == "P"
            pixels = np.asarray(mask)
            colours = np.asarray(mask.convert("RGB"))
        expected = np.array([ids[name] for name in value.names])[value.classes]
        assert (pixels == expected).all()
        assert tuple(colours[0, 0]) == PALETTE[value.classes[0, 0]]
        assert record["shares"] == pytest.approx(value.shares()) and record["image_id"] == one["id"]


def test_equal_names_do_not_overwrite_each_other(jumok, tmp_path):
    for i, name in enumerate(("a/1.png", "b/1.png", "b/1.jpg")):
        draw_scene(tmp_path / "in" / name, i)
    out = tmp_path / "out"
    jumok("predict", trained("boxes") / "run", tmp_path / "in", "--output", out)
    about = load_json(out / "images.json")
    assert [one["id"] for one in about["images"]] == ["a/1.png", "b/1.jpg", "b/1.png"]
    assert len({(out / one["picture"]).read_bytes() for one in about["images"]}) == 3


def test_a_repeated_image_is_answered_once_in_a_folder(jumok, tmp_path):
    image = scenes("boxes")[0]
    run = trained("boxes") / "run"
    assert len(jumok("predict", run, image, image).output.splitlines()) == 2
    ended = jumok("predict", run, image, image, "--output", tmp_path / "out")
    assert "1 image(s) came more than once" in ended.talk
    assert len(load_json(tmp_path / "out" / "images.json")["images"]) == 1


def test_what_counts_as_found(jumok):
    words = ("predict", trained("boxes") / "run", *scenes("boxes"))
    assert jumok(*words, "--score", 1.0).output.splitlines() == ["nothing"] * len(scenes("boxes"))
    most = jumok(*words, "--score", 0.0).output
    assert "nothing" not in most and most != jumok(*words).output == jumok(*words, "--score", 0.3).output


def test_names_and_ids():
    paths = [Path("x/7.jpg"), Path("y/12.png")]
    assert distinct_names(paths) == ["7", "12"] and image_ids(["7", "12"]) == [7, 12]
    assert image_ids(["7", "a"]) == ["7", "a"] and image_ids(["07", "7"]) == ["07", "7"]
    assert distinct_names([Path("x/a.jpg"), Path("x/y/A.jpg")]) == ["a", "y/A"]
    assert distinct_names([Path("x/a.jpg"), Path("x/a.png")]) == ["a.jpg", "a.png"]
    assert distinct_names([]) == [] and image_ids([]) == []
    assert image_ids(["a/000012", "b/000013"]) == [12, 13]


# --- refusals


def test_unreadable_images_are_told_at_the_end_and_the_others_are_done(jumok, tmp_path):
    images = scenes("boxes")
    (tmp_path / "bad.png").write_bytes(images[0].read_bytes()[:300])
    (tmp_path / "no.jpg").write_text("no image")
    given = [images[0], tmp_path / "bad.png", images[1], tmp_path / "no.jpg"]
    run = trained("boxes") / "run"
    one, two = texts("boxes", images[:2])
    ended = jumok("predict", run, *given)
    assert ended.status == 2 and ended.output.split("\n") == [one, "", two, "", ""]
    *told, last = ended.talk.splitlines()
    assert last == "error: 2 of 4 images could not be read; the others are done"
    assert told[0].startswith(f"not read: {tmp_path / 'bad.png'}: cannot be decoded")
    document = json.loads(jumok("predict", run, *given, "--json").output)
    assert [item.keys() == {"input", "error"} for item in document] == [False, True, False, True]
    ended = jumok("predict", run, *given, "--output", tmp_path / "out")
    about = load_json(tmp_path / "out" / "images.json")
    assert ended.status == 2 and len(about["images"]) == 2
    assert [Path(one["file_name"]).name for one in about["unreadable"]] == ["bad.png", "no.jpg"]


def test_a_missing_image_is_refused_before_anything_is_done(refused, tmp_path):
    run, image = trained("boxes") / "run", scenes("boxes")[0]
    out = tmp_path / "out"
    sentence = refused("predict", run, image, image.with_name("000299.png"), "--output", out)
    assert sentence.startswith(f"{image.with_name('000299.png')}: does not exist; ")
    (tmp_path / "list.txt").write_text(f"{image}\nno.png\n")
    sentence = refused("predict", run, "--file", tmp_path / "list.txt")
    assert sentence.startswith(f"{tmp_path / 'list.txt'}:2: no.png: does not exist")
    assert not out.exists()


def test_folders_that_are_none(refused, tmp_path):
    run, image = trained("boxes") / "run", scenes("boxes")[0]
    (tmp_path / "empty").mkdir()
    assert refused("predict", run, tmp_path / "empty").startswith(f"{tmp_path / 'empty'} holds no images")
    (tmp_path / "file").write_text("")
    assert "is a file" in refused("predict", run, image, "--output", tmp_path / "file")


@pytest.mark.parametrize("kind", ["mask", "text"])
def test_a_score_belongs_to_boxes(refused, kind):
    sentence = refused("predict", trained(kind) / "run", scenes(kind)[0], "--score", 0.5)
    assert sentence.startswith("--threshold is for models that find objects")


@each_kind
def test_photographs_and_a_persons_files_are_kept(refused, jumok, tmp_path, kind):
    run, photos = trained(kind) / "run", tmp_path / "photos"
    draw_scene(photos / "p0.jpg", 0)
    draw_scene(photos / "deep" / "p1.jpg", 1)
    before = {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    assert "is one of the inputs" in refused("predict", run, photos, "--output", photos)
    assert before == {path: path.read_bytes() for path in photos.rglob("*") if path.is_file()}
    out = tmp_path / "out"
    for _ in range(2):  # again into the same folder
        assert jumok("predict", run, photos, "--output", out).status == 0
    (out / "p0.jpg").write_text("mine")
    assert "p0.jpg exists already" in refused("predict", run, photos, "--output", out)
    assert (out / "p0.jpg").read_text() == "mine"
    (photos / "predictions.json").write_text("mine")
    assert "predictions.json exists already" in refused("predict", run, photos / "deep", "--output", photos)
    assert (photos / "predictions.json").read_text() == "mine"


def test_hidden_images_are_left_out_with_a_word(jumok, tmp_path):
    for name in ("a.png", ".ipynb_checkpoints/a.png", "@eaDir/a.png"):
        draw_scene(tmp_path / name, 0)
    (tmp_path / "._a.png").write_bytes(b"AppleDouble")
    ended = jumok("predict", trained("boxes") / "run", tmp_path)
    assert ended.status == 0 and len(ended.output.splitlines()) == 1
    assert "3 hidden image(s)" in ended.talk


@pytest.mark.parametrize("words", [(), ("--json",), ("--output",)])
def test_a_name_that_is_no_utf8_is_told(jumok, tmp_path, words):
    draw_scene(tmp_path / "p" / "b.png", 0)
    odd = os.fsencode(tmp_path / "p") + b"/" + "사진".encode("cp949") + b".png"
    os.rename(tmp_path / "p" / "b.png", odd)
    draw_scene(tmp_path / "p" / "b.png", 0)
    words = [*words, tmp_path / "out"] if words == ("--output",) else words
    ended = jumok("predict", trained("boxes") / "run", tmp_path / "p", *words)
    assert ended.status == 2 and "the name is not UTF-8; rename the file" in ended.talk
    if words == ("--json",):
        assert len(json.loads(ended.output)) == 2
    if (tmp_path / "out").exists():
        assert (tmp_path / "out" / "b.jpg").exists()
        assert len(load_json(tmp_path / "out" / "images.json")["unreadable"]) == 1


def test_a_threshold_of_nothing_tells_what_an_unsure_model_finds(jumok, tmp_path):
    shutil.copytree(trained("boxes") / "run" / "model", tmp_path / "unsure")
    model = load(tmp_path / "unsure").model
    with torch.no_grad():
        model.decoders["seen"].score.bias -= 12  # as after a few steps: no score reaches a hundredth
    save_weights(tmp_path / "unsure", weights_of(model), {})
    image = scenes("boxes")[0]

    def objects(*words: object) -> list[dict[str, object]]:
        document = json.loads(jumok("predict", tmp_path / "unsure", image, "--json", *words).output)
        return document[0]["objects"]

    assert objects() == []
    found = objects("--threshold", "0")
    assert 0 < len(found) <= 100 and all(0 < one["score"] < 0.01 for one in found)
