"""Trained runs in ONNX with their proofs, exported once for all tests; for reading only."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jumok.exporting.export import export
from made_once import made_once
from several_outputs import trained as trained_outputs
from small_clips import trained_clips
from small_forecasts import trained_forecast
from small_gaps import SAMPLES, trained_gaps
from small_labels import trained_labels
from small_series import trained_series

RUNS: dict[str, Callable[[], Path]] = {  # the folder of each run
    "convolution": lambda: trained_series("convolution"),
    "clips": trained_clips,
    "recurrent forecast": lambda: trained_forecast("recurrent"),
    "a query for each class": lambda: trained_labels("label-each"),
    "boxes and a mask": lambda: trained_outputs("images"),
    "photo": lambda: trained_gaps("photo"),
    "signal": lambda: trained_gaps("signal"),
}


def onnx_of(name: str) -> Path:
    """The exported model; its proof is by 6 examples, or by all where some of them lack an input."""

    def write(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("JUMOK_CACHE", str(folder.with_name("onnx.cache")))
            export(RUNS[name]() / "run", "onnx", folder / "model", examples=None if name in SAMPLES else 6)

    return made_once(f"onnx-of-{name.replace(' ', '-')}", write) / "model"


def proof_of(model: Path) -> dict[str, Any]:
    """What its proof says."""
    found: dict[str, Any] = json.loads((model / "proof.json").read_text())
    return found
