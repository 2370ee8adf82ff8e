"""Runs that the command has exported to ONNX, once for all tests and each with its proof; for reading only."""

import json
from pathlib import Path
from typing import Any

import pytest

from jumok.cli import main
from made_once import made_once
from several_outputs import trained as trained_outputs
from small_clips import trained_clips
from small_forecasts import trained_forecast
from small_gaps import trained_gaps
from small_labels import trained_labels
from small_series import trained_series

RUNS = {
    "photo": lambda: trained_gaps("photo"),
    "signal": lambda: trained_gaps("signal"),
    "clips": trained_clips,
    "forecast": lambda: trained_forecast("recurrent"),
    "convolution": lambda: trained_series("convolution"),
    "a query for each class": lambda: trained_labels("label-each"),
    "boxes and a mask": lambda: trained_outputs("images"),
}


def exported_once(name: str) -> Path:
    """The exported model of a run."""

    def write(folder: Path) -> None:
        run = RUNS[name]() / "run"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUMOK_CACHE", str(folder.with_name(f"{folder.name}.cache")))
            with pytest.raises(SystemExit) as end:
                main(["export", str(run), "--to", "onnx", "--output", str(folder / "model")])
        assert end.value.code == 0

    return made_once(f"onnx-of-{name.replace(' ', '-')}", write) / "model"


def proof_of(name: str) -> dict[str, Any]:
    """The proof that the command has written."""
    found: dict[str, Any] = json.loads((exported_once(name) / "proof.json").read_text())
    return found
