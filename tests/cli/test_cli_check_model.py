"""`jumok check --model`: mistakes planted into the annotations are listed first, with images and links."""

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import small_images
import small_labels
from jumok.training import train
from small_experiments import small_experiment, write_words

FILES = "*.json", "*.tsv", "*.txt", "*.yaml"


def copied(source: Path, folder: Path) -> Path:
    """The data and the experiment of a trained folder, to be changed; images are those of the source."""
    for pattern in FILES:
        for file in source.glob(pattern):
            shutil.copy(file, folder)
    for inner in ("images", "masks"):
        if (source / inner).is_dir():
            shutil.copytree(source / inner, folder / inner)
    return folder / "x.yaml"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def checked(jumok, *arguments: Any) -> dict[str, Any]:
    ended = jumok("check", *arguments, "--json")
    assert ended.status == 0, ended.talk
    return dict(json.loads(ended.output))


def change_boxes(file: Path) -> dict[str, str]:
    """Leave out the first object of one image, rename that of another; the files of both."""
    data = json.loads(file.read_text())
    images = {one["id"]: one["file_name"] for one in data["images"]}
    first = data["annotations"].pop(0)
    other = next(one for one in data["annotations"] if one["image_id"] != first["image_id"])
    other["category_id"] = 15 - other["category_id"]  # of 7 and 8
    file.write_text(json.dumps(data))
    return {"missed": images[first["image_id"]], "wrong_class": images[other["image_id"]]}


def test_boxes(jumok, here):
    source = small_images.trained("boxes")
    file = copied(source, here)
    changed = change_boxes(here / "test.json")
    said = checked(jumok, file, "--model", source / "run", "--split", "test")
    found = {one["kind"]: one for one in said["mistakes"][::-1]}
    assert {kind: found[kind]["key"] for kind in changed} == changed
    first = {one["kind"] for one in said["mistakes"][:3]}
    assert set(changed) <= first, said["mistakes"][:3]
    assert said["splits"] == [{"name": "test", "rows": 12, "seen_by_the_model": False}]
    scores = [one["score"] for one in said["mistakes"]]
    assert scores == sorted(scores, reverse=True) and all(0 < score <= 1 for score in scores)
    page = Path(said["page"]).read_text()
    assert said["page"] == "x-mistakes.html" and 'class="annotation"' in page and 'class="model"' in page
    for one in said["mistakes"]:
        assert one["link"] == f"http://127.0.0.1:8766/#key={one['key']}&split=test"
        assert f'href="{html.escape(one["link"])}"' in page
        assert (here / "images" / one["key"]).is_file()
    assert "모델" in page and "Not every disagreement is a mistake" in page and "--split test" in page


def test_the_table_in_the_terminal(jumok, here):
    source = small_images.trained("boxes")
    file = copied(source, here)
    changed = change_boxes(here / "test.json")
    ended = jumok("check", file, "--model", source / "run", "--worst", "5", "--output", here / "page.html")
    assert ended.status == 0 and ended.output == ""
    assert "is not marked at x" in ended.talk and f"images/{changed['missed']}" in ended.talk
    assert f"page: {here / 'page.html'}" in ended.talk and "test: comparing 12 rows" in ended.talk
    assert "has learned" not in ended.talk  # valid and test are looked at
    assert (here / "page.html").read_text().count("<li>") <= 5


def test_rows_that_the_model_has_seen_are_told(jumok, here):
    source = small_images.trained("boxes")
    ended = jumok("check", "--model", source / "run", "--split", "train")
    assert "the model has learned from the rows of train" in ended.talk
    assert "The model has learned from the rows of train" in Path("run-mistakes.html").read_text()


def test_masks(jumok, here):
    source = small_images.trained("mask")
    file = copied(source, here)
    mask = here / "masks" / "test03.png"
    pixels = np.array(Image.open(mask))
    pixels[pixels > 0] = 0  # all blocks of one image are overlooked
    Image.fromarray(pixels).save(mask)
    said = checked(jumok, file, "--model", source / "run", "--split", "test")
    first = said["mistakes"][0]
    assert (first["key"], first["kind"], first["given"]) == ("test03.png", "region", "nothing")
    page = Path(said["page"]).read_text()
    assert "as annotated" in page and "as the model sees it" in page and page.count("<svg") >= 2


def test_texts(jumok, here):
    source = small_images.trained("text")
    file = copied(source, here)
    lines = (here / "test.tsv").read_text().splitlines()
    image, text = lines[4].split("\t")
    lines[4] = f"{image}\t{' '.join({'red': 'blue', 'blue': 'red'}[word] for word in text.split())}"
    (here / "test.tsv").write_text("\n".join(lines) + "\n")
    said = checked(jumok, file, "--model", source / "run", "--split", "test")
    place = [one["line"] for one in said["mistakes"]].index(5)
    assert place < 3 and said["mistakes"][place]["given"] == lines[4].split("\t")[1]


def test_labels_and_values(jumok, here):
    for task, column, wrong in (
        ("label", 1, {"low": "high", "mid": "low", "high": "mid"}),
        ("values", 3, None),
    ):
        source = small_labels.trained_labels(task)
        file = copied(source, here)
        lines = (here / "test.tsv").read_text().splitlines()
        cells = lines[3].split("\t")
        cells[column] = wrong[cells[column]] if wrong else str(int(cells[column]) + 40)
        lines[3] = "\t".join(cells)
        (here / "test.tsv").write_text("\n".join(lines) + "\n")
        said = checked(jumok, file, "--model", source / "run", "--split", "test", "--worst", 5)
        assert 4 in [one["line"] for one in said["mistakes"]]
        assert said["mistakes"][0]["key"].startswith("row ") and cells[0] in Path(said["page"]).read_text()


def test_folds_look_at_train_by_models_that_have_not_seen_it(jumok, here):
    write_words(here, train=40)
    run, steps = here / "run", ("training.steps=2", "training.evaluate_every=2")
    train(small_experiment(here, *steps), run)
    said = checked(jumok, "--model", run, "--folds", 2, "--worst", 3)
    assert said["folds"] == 2 and said["splits"][0]["seen_by_the_model"] is False
    assert said["splits"][0]["name"] == "train"
    configs = [(run / "folds" / f"{n}-of-2" / "config.yaml").read_text() for n in (1, 2)]
    assert all(re.search(rf"number: {n}\n", text) for n, text in enumerate(configs))
    again = jumok("check", "--model", run, "--folds", 2, "--worst", 3, "--json")
    assert "is finished" in again.talk and json.loads(again.output)["mistakes"] == said["mistakes"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--split", "valid", "--folds", "3"], "--folds looks at train, and valid is asked for"),
        (["--folds", "1"], "2 or more; got 1"),
        (["--worst", "0"], "1 or more; got 0"),
        (["--set", "training.steps=3"], "--set changes an experiment file"),
        (["--split", "tset"], "no 'tset' data; did you mean 'test'?"),
    ],
)
def test_options_that_do_not_fit(jumok, here, small_run, arguments, sentence):
    ended = jumok("check", "--model", small_run, *arguments)
    assert ended.status == 2 and sentence in ended.talk and not list(Path().iterdir())


def test_a_model_of_another_experiment(jumok, here, small_run):
    file = copied(small_images.trained("boxes"), here)
    ended = jumok("check", file, "--model", small_run)
    assert ended.status == 2 and ended.talk.count("\n") == 1
    assert "the model is of another experiment" in ended.talk and "blocks (boxes)" in ended.talk


def test_a_model_of_other_classes(jumok, here):
    source = small_images.trained("boxes")
    file = copied(source, here)
    for part in ("train", "valid", "test"):
        text = (here / f"{part}.json").read_text().replace('"red"', '"green"')
        (here / f"{part}.json").write_text(text)
    ended = jumok("check", file, "--model", source / "run")
    assert ended.status == 2 and "green" in ended.talk


def test_an_unfinished_run(jumok, here, small_run):
    run = here / "run"
    shutil.copytree(small_run, run)
    (run / "evaluation.json").unlink()
    ended = jumok("check", "--model", run)
    assert ended.status == 2 and "is not finished; go on with the same `jumok train` command" in ended.talk


def test_what_stands_in_the_way_is_kept(jumok, here, small_run):
    Path("mine.html").write_text("<p>mine")
    ended = jumok("check", "--model", small_run, "--output", "mine.html")
    assert ended.status == 2 and "exists already" in ended.talk and Path("mine.html").read_text() == "<p>mine"


def test_an_experiment_or_a_model_is_named(jumok, here):
    assert "name an experiment file" in jumok("check").talk
    assert "belong to --model" in jumok("check", "x.yaml", "--folds", 2).talk
