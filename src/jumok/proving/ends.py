"""Whether two finished runs ended alike, bit by bit."""

import json
from pathlib import Path
from typing import Any

import torch

from jumok.runs.layout import MODEL, RunLayout
from jumok.training.checkpoint import Checkpoints

CLOCK = ("seconds", "since")  # what depends on the clock alone


def difference(run: Path, other: Path) -> str:
    """What differs between two finished runs, in words; empty where they are equal, bit by bit.

    Compared are weights, optimizer, averages and state of the last checkpoint, the log without its clock, the model
    with all its files, and the scores.
    """
    return _of_checkpoints(run, other) or _of_logs(run, other) or _of_files(run, other)


def _of_checkpoints(run: Path, other: Path) -> str:
    one, two = (Checkpoints(RunLayout(path).checkpoints, warn=lambda _: None).load() for path in (run, other))
    if one is None or two is None:
        return "there is no whole checkpoint"
    if one.step != two.step or without_clock(one.state) != without_clock(two.state):
        return f"the state of the last checkpoint (steps {one.step} and {two.step})"
    for group in one.tensors.keys() | two.tensors.keys():
        here, there = one.tensors.get(group, {}), two.tensors.get(group, {})
        if here.keys() != there.keys():
            return f"the tensors of {group}"
        for name, tensor in here.items():
            if not torch.equal(tensor, there[name]):
                return f"{group} {name}"
    return ""


def _of_logs(run: Path, other: Path) -> str:
    one, two = ([without_clock(line) for line in lines(path)] for path in (run, other))
    return "" if one == two else "the log"


def _of_files(run: Path, other: Path) -> str:
    names = [
        RunLayout(Path()).evaluation,
        *(file.relative_to(other) for file in sorted((other / MODEL).rglob("*"))),
    ]
    for name in names:
        if (other / name).is_file() and (run / name).read_bytes() != (other / name).read_bytes():
            return str(name)
    return ""


def lines(run: Path) -> list[dict[str, Any]]:
    """The lines of the log of a run."""
    return [json.loads(line) for line in RunLayout(run).log.read_text(encoding="utf-8").splitlines()]


def without_clock(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what depends on the clock."""
    return {name: value for name, value in record.items() if name not in CLOCK}
