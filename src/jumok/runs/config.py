"""config.yaml: the experiment that made a run or a model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.errors import ConfigurationError, RunError
from jumok.experiment.file import build_experiment
from jumok.files import read_whole, write_file_atomically
from jumok.runs.layout import config_file

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

AGAIN = "copy the whole folder again"
# What options that came later mean in a configuration that was written before them.
BEFORE: dict[str, dict[str, Any]] = {"model": {"input_marks": "none"}}


def write_config(path: Path, experiment: "Experiment") -> None:
    """Write an experiment with all its options as YAML, whole or not at all."""
    from jumok.experiment.loader import dump_yaml

    text = dump_yaml(experiment.model_dump(mode="json"))
    write_file_atomically(path, text.encode())


def read_config(path: Path) -> "Experiment":
    """The experiment that made a run or model; overrides are not possible any more."""
    from jumok.experiment.loader import parse_yaml

    try:
        text = read_whole(path).decode()
        given, root = parse_yaml(text, str(path))
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); {AGAIN}") from None
    except UnicodeDecodeError:
        raise RunError(f"{path} is no UTF-8 text; {AGAIN}") from None
    except ConfigurationError as error:
        raise RunError(f"{error}; {AGAIN}") from None
    if not isinstance(given, dict):
        raise RunError(f"{path} holds no options; {AGAIN}")
    for part, options in BEFORE.items():
        if isinstance(inner := given.get(part, {}), dict):
            given[part] = {**options, **inner}
    return build_experiment(given, str(path), root)


def experiment_of(run: Path) -> "Experiment":
    """The configuration of a run or model folder."""
    return read_config(config_file(run))
