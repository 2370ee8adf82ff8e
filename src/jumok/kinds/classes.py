"""The classes of annotations, saved beside the weights of a model."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from jumok.classes import Class
from jumok.files import write_json
from jumok.kinds.contract import OutputField
from jumok.kinds.saved import saved_json


def class_names(field: OutputField) -> list[str]:
    """The names of the classes of an output, by number; none where answers have no classes."""
    return [] if field.classes is None else [one.name for one in field.classes.classes]


def classes_digest(classes: Sequence[Class]) -> str:
    """The names of the classes in their order, as one string to compare."""
    return json.dumps([one.name for one in classes])


def class_ids(classes: Sequence[Class]) -> list[int]:
    """The number of each class in annotation files: its own, or else its position, counted from 1."""
    own = [one.id for one in classes if one.id is not None]
    return own if len(own) == len(classes) else list(range(1, len(classes) + 1))


def write_classes(file: Path, classes: Sequence[Class]) -> None:
    """Write the classes as JSON."""
    write_json(file, {"classes": [asdict(one) for one in classes]})


def read_classes(file: Path) -> tuple[Class, ...]:
    """RunError when the file is not what `write_classes` wrote."""
    with saved_json(file) as found:
        return tuple(Class(**one) for one in found["classes"])
