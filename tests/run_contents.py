"""What a run folder holds, without what depends on the clock or on the folder's name."""

import json
from pathlib import Path
from typing import Any

import torch

from jumok.training.checkpoint import Checkpoint, Checkpoints

CLOCK = ("seconds", "since")


def complain(sentence: str) -> None:
    raise AssertionError(sentence)


def last_checkpoint(run: Path) -> Checkpoint:
    checkpoint = Checkpoints(run / "checkpoints", warn=complain).load()
    assert checkpoint is not None
    return checkpoint


def without_clock(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in CLOCK}


def log_of(run: Path) -> list[dict[str, Any]]:
    return [without_clock(json.loads(line)) for line in (run / "metrics.jsonl").read_text().splitlines()]


def files_of(run: Path) -> dict[str, bytes]:
    """Every file of a run by name."""
    files = (file for file in run.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(run)): file.read_bytes() for file in files}


def assert_same_end(run: Path, other: Path) -> None:
    """Two finished runs ended alike, bit by bit: weights, optimizer, averages, log, best model, scores."""
    one, two = last_checkpoint(run), last_checkpoint(other)
    assert one.step == two.step and without_clock(one.state) == without_clock(two.state)
    assert one.tensors.keys() == two.tensors.keys() >= {"model", "optimizer", "average"}
    for group, tensors in one.tensors.items():
        assert tensors.keys() == two.tensors[group].keys()
        for name, tensor in tensors.items():
            assert torch.equal(tensor, two.tensors[group][name]), f"{group} {name}"
    assert log_of(run) == log_of(other)
    contents, others = files_of(run), files_of(other)
    odd = contents.keys() ^ others.keys()
    assert not {name for name in odd if not name.startswith("checkpoints/step-")}, (
        odd
    )  # an older one may be left
    for file in ("config.yaml", "evaluation.json", *(name for name in contents if name.startswith("model/"))):
        assert contents[file] == others[file], file
