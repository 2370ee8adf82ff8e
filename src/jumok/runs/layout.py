"""The layout of a run folder: the name of each file and folder in it, and how a run is found."""

import os
from collections.abc import Iterator
from pathlib import Path

from jumok.errors import RunError

CONFIG, LOG, ENVIRONMENT = "config.yaml", "metrics.jsonl", "environment.json"
EVALUATION, ANALYSIS, PREDICTIONS = "evaluation.json", "analysis.json", "predictions.jsonl"
REPORT, EXAMPLES, TENSORBOARD = "report.html", "examples", "tensorboard"
CHECKPOINTS, MODEL, WEIGHTS = "checkpoints", "model", "model.safetensors"
EXPORTED, PROOF = "model.json", "proof.json"  # in the folder of an exported model
FOLDS = "folds"  # trainings that each left out a part of train
EXPERIMENT, DATA = "experiment.yaml", "data"  # that a demo begins with
LOCK = ".lock"
MAX_QUOTED_CHARACTERS = 100  # characters of a path that are repeated


class RunLayout:
    """The files of the run in a folder, whether they are there or not."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.experiment = path / EXPERIMENT
        self.data = path / DATA
        self.config = path / CONFIG
        self.log = path / LOG
        self.environment = path / ENVIRONMENT
        self.evaluation = path / EVALUATION
        self.analysis = path / ANALYSIS
        self.predictions = path / PREDICTIONS
        self.report = path / REPORT
        self.examples = path / EXAMPLES
        self.tensorboard = path / TENSORBOARD
        self.checkpoints = path / CHECKPOINTS
        self.model = path / MODEL
        self.weights = self.model / WEIGHTS
        self.model_config = self.model / CONFIG

    def fold(self, number: int, of: int) -> Path:
        """The run that left out one of so many folds of train."""
        return self.path / FOLDS / f"{number + 1}-of-{of}"

    @property
    def has_begun(self) -> bool:
        """Whether an earlier session has settled what is to be done."""
        return self.config.exists() or self.model_config.exists()


def model_folder(path: Path) -> Path:
    """The model folder of a run, or the folder itself when it is one."""
    run = RunLayout(path)
    folder = run.model if os.path.exists(run.weights) else path
    if os.path.exists(folder / WEIGHTS):
        return folder
    require_run(path)
    if os.path.exists(run.checkpoints):
        raise RunError(f"{path}: this run has no model yet; train it on with the same `jumok train` command")
    raise RunError(f"{path}: neither a run ({MODEL}/{WEIGHTS} is missing) nor a model ({WEIGHTS} is missing)")


def is_exported(path: Path) -> bool:
    """Whether a folder holds a model that was exported to another runtime."""
    return os.path.exists(path / EXPORTED)


def config_file(path: Path) -> Path:
    """The configuration of a run, or of its model where the run has none, or of a model folder."""
    config = path / CONFIG
    return config if os.path.exists(config) else model_folder(path) / CONFIG


def run_of(path: Path) -> Path:
    """The run folder that a path means: of a model in a run, the folder around it."""
    return path.parent if path.resolve().name == MODEL else path


def run_folders(folder: Path) -> Iterator[Path]:
    """Every folder that a training wrote in; what is inside one is not looked through."""
    for place, inner, files in os.walk(folder):
        if CONFIG in files and {CHECKPOINTS, MODEL} & set(inner):
            inner.clear()
            yield Path(place)
        else:
            inner[:] = sorted(name for name in inner if not name.startswith("."))


def require_run(path: Path) -> None:
    """RunError, before anything that takes long is loaded, when no folder is there."""
    if not os.path.exists(path):  # unlike Path.exists, also of what no path can be, like a long sentence
        name = (
            str(path) if len(str(path)) <= MAX_QUOTED_CHARACTERS else f"{str(path)[:MAX_QUOTED_CHARACTERS]}…"
        )
        raise RunError(f"{name}: there is no such run or model folder{forgotten(path)}")
    if not os.path.isdir(path):
        raise RunError(f"{path} is a file; name the folder of a run, like runs/NAME")


def forgotten(path: Path) -> str:
    """A hint if an input was given in place of the run."""
    return (
        "; the run comes before the inputs"
        if " " in str(path) or len(str(path)) > MAX_QUOTED_CHARACTERS
        else ""
    )
