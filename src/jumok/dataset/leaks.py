"""Leaks: rows of a split whose inputs are in train, too, so that scores are too good."""

import numpy as np

from jumok.data.tables.open_text import is_folder
from jumok.data.text.check import digests
from jumok.dataset.split import Split
from jumok.wording import quantity, verb


def told_leaks(name: str, split: Split, train: Split | None) -> list[str]:
    """Remarks on rows of a split that are in train, too.

    Args:
        name: The split's name.
        split: The split.
        train: The train split, if there is one.

    Returns:
        At most one sentence.
    """
    if train is None or split is train or not same_names(split, train):
        return []
    count, first = leaks(split, train, hashes(split, tuple(split.inputs)))
    return [leak_sentence(name, count, first)] if count else []


def leak_sentence(name: str, count: int, first: str | None) -> str:
    """The remark on rows of a split whose inputs are in train, too.

    Args:
        name: The split.
        count: How many of its rows.
        first: The first of them.

    Returns:
        A sentence.
    """
    return (
        f"{name}: {quantity(count, 'row')} {verb(count, 'has', 'have')} inputs that are in "
        f"train too, so its scores flatter; first: {first}"
    )


def hashes(split: Split, names: tuple[str, ...]) -> np.ndarray:
    """A hash (n,) of these columns of each example."""
    return digests(split.texts, names)[split.rows]


def same_names(split: Split, other: Split) -> bool:
    """Whether equal texts mean the same in both: paths do where they start in the same folder."""
    return split.root == other.root or not any(field.reads_files for field in split.inputs.values())


def leaks(split: Split, train: Split, inputs: np.ndarray) -> tuple[int, str | None]:
    """Count the examples whose inputs are in train, too.

    Args:
        split: The split.
        train: The train split.
        inputs: A hash (n,) of the inputs of each example.

    Returns:
        The count, and where the first pair of rows is.
    """
    known = hashes(train, tuple(split.inputs))
    found = np.flatnonzero(np.isin(inputs, known))
    if not len(found):
        return 0, None
    first = int(found[0])
    twin = int(np.flatnonzero(known == inputs[first])[0])
    here, there = place_of(split, first), place_of(train, twin)
    return len(found), f"{here} is {there}: {split.text(next(iter(split.inputs)), first)!r}"


def place_of(split: Split, example: int) -> str:
    """The file and line of an example; the file alone where no line of it lists examples."""
    file = split.files[0]
    listed = not is_folder(file) and file.suffix.lower() not in (".yaml", ".yml", ".data")
    return f"{file}:{split.line(example)}" if listed else str(file)
