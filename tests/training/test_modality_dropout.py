"""Modality dropout: rows of training lose optional inputs, drawn by seed, epoch and position alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jumok.dataset import prepare
from jumok.errors import ConfigurationError
from jumok.experiment import Experiment, read_experiment
from jumok.training import NullReporter, train
from jumok.training.batches import Batches
from jumok.training.distributed import init_distributed
from jumok.training.loop import Trainer
from jumok.values import PartialBatch
from run_contents import assert_same_end
from small_experiments import words

ENCODER = {"kind": "gru", "layers": 1}


class Stopped(Exception):
    """Stands for the end of a process."""


def stopping_after(steps: int) -> Callable[[Trainer], None]:
    """The step of a trainer, which fails after so many steps."""
    step = Trainer.train_step

    def take(trainer: Trainer) -> None:
        if trainer.step == steps:
            raise Stopped
        step(trainer)

    return take


def two_inputs(folder: Path, *overrides: str, optional: tuple[str, ...] = ("hint",)) -> Experiment:
    """Words given twice; one row in four has no hint."""
    for seed, part in enumerate(("train", "valid")):
        rows = [
            {"word": word, "hint": None if number % 4 == 0 and "hint" in optional else word, "said": word}
            for number, word in enumerate(words(60, seed, longest=3))
        ]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {
        "inputs": {n: {"encoder": ENCODER, "optional": n in optional} for n in ("word", "hint")},
        "outputs": {"said": {"decoder": ENCODER}},
        "data": {
            **{part: {"table": f"{part}.jsonl"} for part in ("train", "valid")},
            "tokens": {"kind": "characters"},
        },
        "model": {"width": 16, "heads": 2},
        "training": {
            "steps": 6,
            "evaluate_every": 3,
            "batch_tokens": 64,
            "precision": "fp32",
            "modality_dropout": 0.5,
        },
        "decoding": {"method": "greedy"},
    }
    (folder / "x.yaml").write_text(json.dumps(options))
    return read_experiment(folder / "x.yaml", overrides)


def batches_of(experiment: Experiment, dropout: float) -> Batches:
    split = prepare(experiment, str).splits["train"]
    return Batches(split, 64, None, 1, False, init_distributed(), ahead=False, dropout=dropout)


def hints(batches: Batches, count: int) -> list[Any]:
    """Which rows of each batch have the hint."""
    found = (batches.next().batch.result().inputs["hint"] for _ in range(count))
    return [one.present.tolist() if isinstance(one, PartialBatch) else "all" for one in found]


def test_rows_lose_an_optional_input_as_often_as_is_said(tmp_path):
    split = prepare(two_inputs(tmp_path), str).splits["train"]
    have = int(split.present("hint").sum())
    kept = []
    for seed in range(40):
        batch = split.batch(range(len(split)), np.random.default_rng(seed), 0.25)
        assert not isinstance(batch.inputs["word"], PartialBatch)  # it is not optional
        assert not (batch.inputs["hint"].present & ~torch.tensor(split.present("hint"))).any()
        kept.append(int(batch.inputs["hint"].present.sum()) / have)
    assert np.mean(kept) == pytest.approx(0.75, abs=0.03)


def test_no_row_loses_all_that_it_has(tmp_path):
    experiment = two_inputs(tmp_path, optional=("word", "hint"))
    split = prepare(experiment, str).splits["train"]
    batch = split.batch(range(len(split)), np.random.default_rng(1), 0.9)
    word, hint = (batch.inputs[name].present for name in ("word", "hint"))
    assert (word | hint).all() and not (word & hint).all()
    assert not hint[~torch.tensor(split.present("hint"))].any()


def test_what_is_dropped_is_drawn_by_seed_epoch_and_position(tmp_path):
    experiment = two_inputs(tmp_path)
    first, again = batches_of(experiment, 0.5), batches_of(experiment, 0.5)
    begun, place = hints(first, 5), first.place
    rest = hints(first, 4)
    again.move(place)
    assert hints(again, 4) == rest
    whole = begun + rest
    assert hints(batches_of(experiment, 0.0), 9) != whole


def test_without_dropout_batches_are_as_ever(tmp_path):
    split = prepare(two_inputs(tmp_path), str).splits["train"]
    given, plain = (split.batch(range(9), draw, 0.5) for draw in (None, None))
    expected = split.batch(range(9), np.random.default_rng(3))
    for batch in (given, plain):  # evaluation drops nothing
        assert torch.equal(batch.inputs["hint"].present, expected.inputs["hint"].present)
        assert torch.equal(batch.inputs["hint"].values.values, expected.inputs["hint"].values.values)


def test_a_resumed_training_drops_the_same(tmp_path, monkeypatch):
    experiment = two_inputs(tmp_path)
    train(experiment, tmp_path / "whole", NullReporter())
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", stopping_after(4))
        with pytest.raises(Stopped):
            train(experiment, tmp_path / "parts", NullReporter())
    train(experiment, tmp_path / "parts", NullReporter())
    assert_same_end(tmp_path / "parts", tmp_path / "whole")


def test_dropout_needs_an_optional_input(tmp_path):
    with pytest.raises(ConfigurationError, match="drops optional inputs, but no input is optional"):
        two_inputs(tmp_path, optional=())
