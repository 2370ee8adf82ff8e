"""Parts that cannot choose the best model are refused before the first step, and too many objects are told."""

import json
from pathlib import Path

import pytest

from image_runs import write_image_experiment, write_scenes
from jumok.dataset import prepare
from jumok.dataset.evidence import excess
from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.training import train
from jumok.training.reporter import NullReporter

SHORT = ("training.steps=1", "training.batch_size=4")


class Told(NullReporter):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def message(self, message: str) -> None:
        self.sentences.append(message)


def quiet(message: str) -> None:
    pass


def scenes(folder: Path, kind: str = "boxes"):
    write_scenes(folder, {"train": 4, "valid": 3, "test": 3})
    file = write_image_experiment(folder, kind)
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
    with pytest.raises(DataError, match=r"valid.json: no object is marked in any image that could be scored"):
        train(experiment, tmp_path / "run")
    assert not (tmp_path / "run" / "config.yaml").exists()


def test_only_the_examples_that_are_answered_judge(tmp_path):
    experiment = scenes(tmp_path)("training.evaluate_examples=1")
    file = tmp_path / "valid.json"
    document = json.loads(file.read_text())
    last = document["images"][-1]["id"]
    document["annotations"] = [one for one in document["annotations"] if one["image_id"] == last]
    file.write_text(json.dumps(document))
    with pytest.raises(
        DataError, match="of the 1 of 3 that evaluations answer; raise training.evaluate_examples"
    ):
        train(experiment, tmp_path / "run")
    assert train(read_experiment(tmp_path / "x.yaml", SHORT), tmp_path / "run").evaluation["split"] == "test"


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
