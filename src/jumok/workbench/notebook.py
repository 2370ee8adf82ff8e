"""Inspect a trained run from Python: the page of the workbench for one input, in a notebook or as a file."""

from pathlib import Path
from typing import Any

from jumok.inspection.inspect import inspect_input as look_once
from jumok.predictor.model_folder import load
from jumok.predictor.predictor import Predictor
from jumok.workbench.offline import kept_of
from jumok.workbench.show import AttentionPage


def look(run: str | Path | Predictor, inputs: Any, title: str | None = None) -> AttentionPage:
    """The attention of a trained model for one input, as a page for a notebook or an HTML file.

    Args:
        run: The folder of a run, or what `jumok.load` made of it.
        inputs: A text, the path of an image, or values by name, as `Predictor.predict` takes them.
        title: Of the page; by default the name of the run.

    Raises:
        DataError: The input is empty or cannot be read.
        RunError: The run has no model that can be used.
    """
    predictor = run if isinstance(run, Predictor) else load(Path(run))
    name = title or ("jumok" if isinstance(run, Predictor) else Path(run).resolve().name)
    found = look_once(predictor, inputs, name)
    return AttentionPage({**found.to_json(), "id": None}, kept_of(found))
