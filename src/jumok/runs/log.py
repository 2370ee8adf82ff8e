"""Reads metrics.jsonl, the log of a training, as far as it is intact."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from jumok.files import read_whole
from jumok.wording import quantity

LogLine = dict[str, Any]
TAIL = 64 * 1024  # bytes of a log that its last line is looked for in


class Log(NamedTuple):
    """The complete lines of a log, and a sentence about each problem."""

    lines: list[LogLine]
    notes: list[str]


def read_log(path: Path) -> Log:
    """The lines of a log; damaged ones are left out, and so is a last one that a kill cut off."""
    try:
        data = read_whole(path)
    except FileNotFoundError:
        return Log([], [f"{path} is missing, so there are no curves; evaluation and examples are all there"])
    except OSError as error:
        reason = error.strerror or error
        return Log([], [f"{path} cannot be read ({reason}), so there are no curves"])
    raw = data.split(b"\n")
    found = [parse_log_line(line) for line in raw]
    lines = [line for line in found if line is not None]
    bad = [number for number, line in enumerate(raw, start=1) if line.strip() and found[number - 1] is None]
    notes = []
    if bad:
        cut = " (cut when the training was killed)" if bad == [len(raw)] else ""
        others = f" and {quantity(len(bad) - 1, 'more line')} are" if len(bad) > 1 else " is"
        notes.append(f"{path}:{bad[0]}{others} damaged and left out{cut}")
    if not lines:
        notes.append(f"{path} holds no evaluations, so there are no curves")
    return Log(lines, notes)


def parse_log_line(line: bytes) -> LogLine | None:
    """The JSON object of a line; None if the line is damaged."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or value.get("split") not in ("train", "valid"):
        return None
    return value if isinstance(value.get("step"), int) and all(map(is_plain, value.values())) else None


def is_plain(value: Any) -> bool:
    """Whether a JSON value is null, a string, a number or a boolean."""
    return value is None or isinstance(value, str | int | float)


def last_line(file: Path) -> dict[str, Any]:
    """The last whole JSON object of a file with one on each line."""
    try:
        with open(file, "rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - TAIL))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return {}
