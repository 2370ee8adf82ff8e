"""Read an experiment file with overrides; errors name the line."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.data.tables.pipes import is_pipe, spooled
from jumok.errors import ConfigurationError, did_you_mean
from jumok.files import SURROGATE

if TYPE_CHECKING:
    from yaml.nodes import Node

    from jumok.experiment.options import Experiment

NO_FILES = ("default", "none")  # weights that are not in a file
PATH_KEYS = (
    "table",
    "arrays",
    "recordings",
    "lexicon",
    "files",
    "voc",
    "coco",
    "yolo",
    "labelme",
    "cvat",
    "labelstudio",
    "boxes",
    "masks",
    "object_masks",
    "images",
    "texts",
    "arrays",
    "recordings",
    "windows",
)  # of a source; `lines` holds several


def read_experiment(path: Path | str, overrides: Sequence[str] = ()) -> "Experiment":
    """Read an experiment file; `overrides` are like "training.steps=200".

    Relative paths start at the file. A ConfigurationError names file, line, what was expected and the nearest name.
    """
    from jumok.experiment.loader import parse_yaml

    path = Path(path)
    try:
        if path.is_char_device() and path != Path(os.devnull):
            raise ConfigurationError(f"{path} is a device, expected an experiment file")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        near = did_you_mean(path.name, [file.name for file in path.parent.glob("*.y*ml")])
        raise ConfigurationError(f"{path}: there is no such file{near}") from None
    except IsADirectoryError:
        raise ConfigurationError(f"{path} is a folder, expected an experiment file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except ValueError:  # a NUL in the name
        raise ConfigurationError(f"{str(path)!r} is not a valid file name") from None
    given, root = parse_yaml(text, str(path))
    if not isinstance(given, dict):
        raise ConfigurationError(f"{path}: expected the options inputs, outputs and data")
    for override in overrides:
        set_value(given, override)
    resolve_paths(given, path.parent)
    return build_experiment(given, str(path), root, overrides)


def keys_of(override: str) -> list[str]:
    """The names before the = of an override: "a.b.c=value" gives a, b and c."""
    return override.partition("=")[0].strip().split(".")


def set_value(given: dict[str, Any], override: str) -> None:
    """Apply "a.b.c=value", the value read as YAML."""
    from jumok.experiment.loader import parse_yaml

    _, equals, value = override.partition("=")
    *parents, last = keys = keys_of(override)
    if SURROGATE.search(override):
        raise ConfigurationError(f"--set {override!r}: is not UTF-8 text; write it as UTF-8")
    if not equals or not all(keys):
        raise ConfigurationError(f"--set {override!r}: expected KEY=VALUE, like training.steps=200")
    place = given
    for parent in parents:
        inner = place.get(parent)
        if not isinstance(inner, dict | None):
            raise ConfigurationError(f"--set {override!r}: {parent!r} is a value, it has no {last!r} inside")
        place[parent] = dict(inner or {})  # a copy: an alias in the file would be changed, too
        place = place[parent]
    try:
        place[last], _ = parse_yaml(value, "value")
    except ConfigurationError as error:
        raise ConfigurationError(f"--set {override!r}: {error}") from None


def resolve_paths(given: dict[str, Any], folder: Path) -> None:
    """Make the paths of data sources and weights absolute, in place; relative ones start at `folder`."""
    data, inputs = given.get("data"), given.get("inputs")
    for field in inputs.values() if isinstance(inputs, dict) else ():
        encoder = field.get("encoder") if isinstance(field, dict) else None
        frame = encoder.get("frame") if isinstance(encoder, dict) else None  # of frames
        for part in (encoder, frame):
            weights = part.get("weights") if isinstance(part, dict) else None
            if isinstance(part, dict) and isinstance(weights, str) and weights not in NO_FILES:
                part["weights"] = absolute(weights, folder)
    for source in data.values() if isinstance(data, dict) else ():
        if not isinstance(source, dict):
            continue
        for holder, keys in ((source, PATH_KEYS), (source.get("lines"), None)):
            if isinstance(holder, dict):
                for key in keys if keys is not None else list(holder):
                    if isinstance(holder.get(key), str):
                        holder[key] = absolute(holder[key], folder)


def absolute(path: str, folder: Path) -> str:
    """An absolute path for one relative to `folder`; a pipe is copied into a file, because it can be read once."""
    try:
        whole = folder / Path(path).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # whoever reads it says so
            whole.stat()
        return str(spooled(whole) if is_pipe(whole) else whole.resolve())
    except ValueError:
        raise ConfigurationError(f"{path!r} is not a valid file name: it holds a NUL character") from None
    except (OSError, RuntimeError) as error:  # too long, a loop of links, no home folder of that name
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{shorten_key(path)!r} cannot be the name of a file ({reason})") from None


def shorten_key(path: str) -> str:
    """The text, cut to 200 characters."""
    return path if len(path) <= 200 else path[:200] + "…"


def build_experiment(
    given: dict[str, Any], name: str, root: "Node | None" = None, overrides: Sequence[str] = ()
) -> "Experiment":
    """Validate the values of an experiment file.

    Args:
        given: The values.
        name: Name of the file, for messages.
        root: The YAML node of the file, which knows line numbers.
        overrides: Overrides that were applied, for messages.

    Returns:
        The experiment.

    Raises:
        ConfigurationError: With one sentence about the first error.
    """
    from pydantic import ValidationError

    from jumok.experiment.options import Experiment
    from jumok.experiment.sentences import explain

    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError(explain(error, given, name, root, overrides)) from None
