"""A list of runs, read from their files without loading models."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from jumok.errors import JumokError
from jumok.files import read_whole
from jumok.runs.layout import CONFIG, RunLayout, run_folders
from jumok.runs.log import last_line

RunStatus = Literal["finished", "interrupted", "not begun"]


@dataclass(frozen=True)
class RunSummary:
    """What is shown of a run in a list."""

    path: str
    date: str | None  # when it was changed last, in local time
    kind: str  # like "text → text"
    state: RunStatus
    step: int | None
    steps: int | None
    split: str | None  # that was scored
    metric: str | None  # that chose the best model
    score: float | None
    bytes: int


def find_runs(folder: Path) -> list[RunSummary]:
    """All runs in a folder and below, the newest first; the folder itself may be a run."""
    found = [summarize_run(run) for run in run_folders(folder)]
    return sorted(found, key=lambda run: (run.date or "", run.path), reverse=True)


def summarize_run(run: Path) -> RunSummary:
    """Read the summary of a run; values of missing or damaged files are unknown."""
    config, files = options_of_run(run), RunLayout(run)
    evaluation, analysis = read(files.evaluation), read(files.analysis)
    scores = evaluation.get("metrics")
    scores = scores if isinstance(scores, dict) else {}
    metric = analysis.get("metric")
    metric = metric if metric in scores else next(iter(scores), None)
    steps = part(config, "training").get("steps")
    step = last_line(files.log).get("step")
    return RunSummary(
        path=str(run),
        date=last_change(run),
        kind=run_kind(config),
        state="finished" if scores else "interrupted" if step is not None else "not begun",
        step=step if isinstance(step, int) else None,
        steps=steps if isinstance(steps, int) else None,
        split=str(evaluation["split"]) if scores and "split" in evaluation else None,
        metric=metric,
        score=float_or_none(part(scores, metric).get("value")) if metric is not None else None,
        bytes=sum(file_size(file) for file in run.rglob("*")),
    )


def options_of_run(run: Path) -> dict[str, Any]:
    """The options in a run's configuration; empty if it cannot be read."""
    from jumok.experiment.loader import parse_yaml

    try:
        given, _ = parse_yaml(read_whole(RunLayout(run).config).decode(), CONFIG)
    except (OSError, UnicodeDecodeError, JumokError):
        return {}
    return given if isinstance(given, dict) else {}


def run_kind(config: dict[str, Any]) -> str:
    """Inputs and outputs of a configuration: "text → text"."""
    sides = [part(config, side).values() for side in ("inputs", "outputs")]
    kinds = [
        ", ".join(str(field.get("kind", "text")) for field in fields if isinstance(field, dict))
        for fields in sides
    ]
    return " → ".join(kinds) if all(kinds) else "unknown"


def part(options: dict[str, Any], name: str) -> dict[str, Any]:
    """The section of some options with this name; empty if there is none."""
    found = options.get(name)
    return found if isinstance(found, dict) else {}


def float_or_none(value: Any) -> float | None:
    """The value as a float; None if it is no number."""
    return float(value) if isinstance(value, int | float) else None


def read(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is no complete one."""
    try:
        value = json.loads(read_whole(file))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def last_change(run: Path) -> str | None:
    """When a file of the run was last written."""
    files = RunLayout(run)
    times = [changed(file) for file in (files.evaluation, files.log, files.config, files.weights)]
    newest = max((time for time in times if time is not None), default=None)
    if newest is None:
        return None
    return datetime.fromtimestamp(newest, UTC).astimezone().isoformat(timespec="seconds")


def changed(file: Path) -> float | None:
    """When a file was last changed, in seconds since 1970; None if it cannot be read."""
    try:
        return file.stat().st_mtime
    except OSError:
        return None


def file_size(file: Path) -> int:
    """The size of a file in bytes; 0 if it cannot be read or is no file."""
    try:
        return file.lstat().st_size if file.is_file() else 0
    except OSError:
        return 0
