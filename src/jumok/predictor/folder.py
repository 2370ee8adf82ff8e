"""Where the model of a run is, found before anything is loaded that could read it."""

import os
from pathlib import Path

from jumok.errors import RunError

WEIGHTS, CONFIG = "model.safetensors", "config.yaml"
SHORT = 100  # characters of a path that are repeated


def model_folder(path: Path) -> Path:
    """The model folder of a run, or the folder itself when it is one."""
    folder = path / "model" if os.path.exists(path / "model" / WEIGHTS) else path
    if os.path.exists(folder / WEIGHTS):
        return folder
    require_run(path)
    if os.path.exists(path / "checkpoints"):
        raise RunError(f"{path}: this run has no model yet; train it on with the same `jumok train` command")
    raise RunError(f"{path}: neither a run (model/{WEIGHTS} is missing) nor a model ({WEIGHTS} is missing)")


def require_run(path: Path) -> None:
    """RunError, before anything that takes long is loaded, when no folder is there."""
    if not os.path.exists(path):  # unlike Path.exists, also of what no path can be, like a long sentence
        name = str(path) if len(str(path)) <= SHORT else f"{str(path)[:SHORT]}…"
        raise RunError(f"{name}: there is no such run or model folder{forgotten(path)}")
    if not os.path.isdir(path):
        raise RunError(f"{path} is a file; name the folder of a run, like runs/NAME")


def forgotten(path: Path) -> str:
    """A hint where an input stands in the place of the run."""
    return "; the run comes before the inputs" if " " in str(path) or len(str(path)) > SHORT else ""
