"""Where the model of a run is, found before anything is loaded that could read it."""

from pathlib import Path

from jumok.errors import RunError

WEIGHTS, CONFIG = "model.safetensors", "config.yaml"


def model_folder(path: Path) -> Path:
    """The model folder of a run, or the folder itself when it is one."""
    folder = path / "model" if (path / "model" / WEIGHTS).exists() else path
    if (folder / WEIGHTS).exists():
        return folder
    if not path.exists():
        raise RunError(f"{path}: there is no such run or model folder")
    if (path / "checkpoints").exists():
        raise RunError(f"{path}: this run has no model yet; train it on with the same `jumok train` command")
    raise RunError(f"{path}: neither a run (model/{WEIGHTS} is missing) nor a model ({WEIGHTS} is missing)")


def require_run(path: Path) -> None:
    """RunError, before anything that takes long is loaded, when no folder is there."""
    if not path.exists():
        model_folder(path)
