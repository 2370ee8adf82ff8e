"""Parts in whose images nothing is marked are refused before the first step, or not scored on."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jumok.dataset import prepare
from jumok.dataset.evidence import evidence_faults, excess
from jumok.errors import DataError
from jumok.evaluation import evaluate
from jumok.experiment import read_experiment
from jumok.training import train
from jumok.training.reporter import Silent
from picture_runs import write_picture_experiment, write_scenes

SHORT = ("training.steps=1", "training.batch_size=4")


class Told(Silent):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def said(self, message: str) -> None:
        self.sentences.append(message)


def quiet(message: str) -> None:
    pass


def scenes(folder: Path, kind: str = "boxes"):
    write_scenes(folder, {"train": 4, "valid": 3, "test": 3})
    file = write_picture_experiment(folder, kind)
    return lambda *overrides: read_experiment(file, [*SHORT, *overrides])


def without_marks(file: Path, crowds: bool = False) -> None:
    document = json.loads(file.read_text())
    if crowds:
        document["annotations"] = [{**one, "iscrowd": 1} for one in document["annotations"]]
    else:
        document["annotations"] = []
    file.write_text(json.dumps(document))


@pytest.mark.parametrize("crowds", [False, True])
@pytest.mark.parametrize(
    "override",
    ["outputs.seen.metric=AP", "outputs.seen.metric=F1@50", "outputs.seen.head={kind: query, queries: 5}"],
)
def test_a_valid_part_without_objects_is_refused(tmp_path, crowds, override):
    experiment = scenes(tmp_path)(override)
    without_marks(tmp_path / "valid.json", crowds)
    with pytest.raises(
        DataError, match=r"valid.json: none of the 3 images of valid has an object that counts"
    ):
        train(experiment, tmp_path / "run")
    assert not (tmp_path / "run" / "config.yaml").exists()


@pytest.mark.parametrize("crowds", [False, True])
def test_a_train_part_without_objects_is_refused_by_check_and_train(tmp_path, crowds):
    experiment = scenes(tmp_path)()
    without_marks(tmp_path / "train.json", crowds)
    with pytest.raises(
        DataError, match=r"none of the 4 images of train has an object that counts, so there is"
    ):
        train(experiment, tmp_path / "run")
    prepared = prepare(experiment, quiet)
    (fault,) = evidence_faults(prepared.splits)
    assert fault.kind == "nothing_marked" and fault.file == str(tmp_path / "train.json")


def test_a_test_part_without_objects_is_told_and_valid_is_scored(tmp_path):
    experiment, told = scenes(tmp_path)(), Told()
    without_marks(tmp_path / "test.json")
    outcome = train(experiment, tmp_path / "run", told)
    assert outcome.evaluation["split"] == "valid" and "AP" in outcome.evaluation["metrics"]
    (sentence,) = [one for one in told.sentences if "nothing can be scored" in one]
    assert sentence.endswith("this run is scored on valid")
    with pytest.raises(DataError, match="none of the 3 images of test has an object that counts"):
        evaluate(tmp_path / "run", "test")


def test_only_the_examples_that_are_answered_judge(tmp_path):
    experiment = scenes(tmp_path)("training.evaluate_examples=1")
    file = tmp_path / "valid.json"
    document = json.loads(file.read_text())
    last = document["images"][-1]["id"]
    document["annotations"] = [one for one in document["annotations"] if one["image_id"] == last]
    file.write_text(json.dumps(document))
    with pytest.raises(DataError, match="of the 1 that evaluations answer"):
        train(experiment, tmp_path / "run")
    assert train(scenes_again(tmp_path), tmp_path / "run").evaluation["split"] == "test"


def scenes_again(folder: Path):
    return read_experiment(folder / "x.yaml", SHORT)


def test_masks_of_ignored_pixels_alone_are_refused(tmp_path):
    for part, value in (("train", 1), ("valid", 255)):
        for name in "ab":
            image = tmp_path / part / "images" / f"{name}.png"
            mask = tmp_path / part / "masks" / f"{name}.png"
            for file in (image, mask):
                file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((32, 32, 3), 9, np.uint8)).save(image)
            Image.fromarray(np.full((32, 32), value, np.uint8)).save(mask)
    file = write_picture_experiment(tmp_path, "mask")
    masks = "{masks: %s/masks, images: %s/images, classes: [sky, hill]}"
    sources = [f"data.{part}={masks % (part, part)}" for part in ("train", "valid")]
    experiment = read_experiment(file, [*SHORT, *sources, "data.test=null"])
    with pytest.raises(DataError, match="none of the 2 images of valid has a pixel of a known class"):
        train(experiment, tmp_path / "run")


def test_more_objects_than_queries_are_told(tmp_path):
    make, told = scenes(tmp_path), Told()
    few = make("outputs.seen.head={kind: query, queries: 1}")
    train(few, tmp_path / "run", told)
    assert any(
        "than the 1 that can be found; raise outputs.seen.head.queries" in one for one in told.sentences
    )
    for head in ("{kind: query, queries: 9}", "{kind: dense}"):
        splits = prepare(make(f"outputs.seen.head={head}"), quiet).splits
        assert all(excess(split) is None for split in splits.values())
