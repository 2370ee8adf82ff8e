"""The files that a training beside the label page and its server talk by."""

import json
from pathlib import Path
from typing import Any


class TrainingFiles:
    """The files beside a run folder that its process reports into."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.progress = run.with_name(f"{run.name}.progress.json")
        self.result = run.with_name(f"{run.name}.json")
        self.log = run.with_name(f"{run.name}.log")


def read_report(file: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is none."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
