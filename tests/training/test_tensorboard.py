"""Curves for TensorBoard, read back as TensorBoard reads them."""

import builtins
import json

import pytest

from jumok.errors import ConfigurationError
from jumok.experiment import read_experiment
from jumok.runs.layout import RunLayout
from jumok.training import NullReporter, train
from small_experiments import write_experiment, write_words

LOGGED = ["training.log=tensorboard"]


def curves(run) -> dict[str, list[tuple[int, float]]]:
    """Tag -> steps and values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(RunLayout(run).tensorboard)).Reload()
    return {tag: [(event.step, event.value) for event in read.Scalars(tag)] for tag in read.Tags()["scalars"]}


def test_curves_are_those_of_the_log(tmp_path):
    write_words(tmp_path)
    outcome = train(read_experiment(write_experiment(tmp_path), LOGGED), tmp_path / "run", NullReporter())
    found = curves(tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    for name, tag in (("loss", "valid/loss"), ("exact_match", "valid/exact_match")):
        logged = [(line["step"], line[name]) for line in lines if line["split"] == "valid"]
        assert dict(found[tag]) == pytest.approx(dict(logged))
    assert [step for step, _ in found["train/loss"]] == list(range(1, 31))
    rates = {line["step"]: line["learning_rate"] for line in lines if line["split"] == "train"}
    assert {step: dict(found["train/learning_rate"])[step] for step in rates} == pytest.approx(rates)
    value = outcome.evaluation["metrics"]["exact_match"]["value"]
    assert dict(found["test/exact_match"]) == pytest.approx({30: value})


def test_a_continued_training_goes_on_with_its_curves(tmp_path):
    write_words(tmp_path)
    file, run = write_experiment(tmp_path), tmp_path / "run"
    train(read_experiment(file, LOGGED), run, NullReporter())
    train(read_experiment(file, [*LOGGED, "training.steps=40"]), run, NullReporter())
    assert [step for step, _ in curves(run)["train/loss"]] == list(range(1, 41))


def test_a_missing_package_is_told_before_anything_begins(tmp_path, monkeypatch):
    write_words(tmp_path)
    experiment = read_experiment(write_experiment(tmp_path), LOGGED)
    imported = builtins.__import__

    def without(name, *others):
        if name == "torch.utils.tensorboard":
            raise ModuleNotFoundError(name=name)
        return imported(name, *others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match="pip install tensorboard"):
        train(experiment, tmp_path / "run", NullReporter())
    assert not (tmp_path / "run").exists()


def test_training_from_python_tells_what_happens(tmp_path, capsys):
    write_words(tmp_path)
    experiment = read_experiment(write_experiment(tmp_path))
    train(experiment, tmp_path / "told")
    said = capsys.readouterr().err
    assert "training begins, 30 steps" in said and "step 10: valid loss" in said and "exact_match" in said
    train(experiment, tmp_path / "silent", NullReporter())
    assert capsys.readouterr().err == ""
