"""Detect arrays of NumPy: which one holds series, and which one the answers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jumok.data.series.arrays import array_names, read_array
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.experiment.found_series import (
    MOST_LABELS,
    FoundField,
    FoundSeries,
    chosen_answer,
    others_note,
    series_settings,
)

SPLIT_WORD = re.compile(r"(?:^|_)(train|training|valid|validation|val|dev|test)(?=_|$|\.)", re.IGNORECASE)
SPLIT_OF = {"training": "train", "validation": "valid", "val": "valid", "dev": "valid"}
Arrays = Mapping[str, np.ndarray]


def find_arrays(path: Path) -> FoundSeries:
    """Detect the arrays of a .npz file, or of a folder of .npy files; raises DataError where none are series."""
    try:
        arrays = read_all(path)
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable.fault)) from None
    by_split: dict[str, dict[str, str]] = {}  # arrays by what they are called without the word of their split
    for name in arrays:
        found = SPLIT_WORD.search(name)
        split = found[1].lower() if found else ""
        base = SPLIT_WORD.sub("", name).strip("_") or name
        by_split.setdefault(SPLIT_OF.get(split, split), {})[base] = name
    common = by_split.pop("", {})
    if "train" not in by_split:
        by_split = {"train": {name: name for name in arrays}}
        common = dict(by_split["train"])
    train = {base: arrays[name] for base, name in by_split["train"].items()}
    series = largest_series(path, train)
    count, steps = train[series].shape[:2]
    answers = [
        name
        for name, one in train.items()
        if name != series and len(one.shape) in (1, 2) and len(one) == count
    ]
    if not answers:
        told = "; ".join(f"{name} {one.shape}" for name, one in arrays.items())
        raise DataError(
            f"{path}: holds no answers beside its series ({told}); save an array (N,) of labels or values"
        )
    answer = chosen_answer(answers)
    beside = {name: arrays[name] for name in common.values() if name not in (series, answer)}
    classes = lookup_table(beside, train[answer])
    output = answer_of(answer, train[answer])
    texts = {name: one for name, one in beside.items() if name != classes}
    settings = series_settings(steps, channel_names(texts, train[series]))
    input = FoundField(clean_name(series, "signal"), "series", settings)
    if output.name == input.name:
        output = FoundField(f"{output.name}_out", output.kind, output.settings)
    sources = {
        split: {"columns": {input.name: names[series], output.name: lookup_column(classes, names[answer])}}
        for split, names in by_split.items()
        if series in names and answer in names
    }
    unused = [name for name in answers if name != answer]
    return FoundSeries((input,), (output,), {"arrays": path}, sources, others_note(unused))


def read_all(path: Path) -> dict[str, np.ndarray]:
    """All arrays by name; raises UnreadableFile."""
    if path.is_dir():
        return {file.name: read_array(file) for file in sorted(path.glob("*.npy"))}
    return {name: read_array(path, name) for name in array_names(path)}


def largest_series(path: Path, arrays: Arrays) -> str:
    """The array that holds series: numbers (N, T, C), or else (N, T)."""
    for dimensions in (3, 2):
        numeric = {name: one for name, one in arrays.items() if one.dtype.kind in "iuf" and one.size}
        found = [name for name, one in numeric.items() if one.ndim == dimensions]
        if found:
            return max(found, key=lambda name: arrays[name].size)
    raise DataError(f"{path}: holds no array of series (N, T, C); save one row for each example")


def clean_name(name: str, usual: str) -> str:
    """A valid name for an array: its own, or a usual one for a single letter."""
    stem = name.removesuffix(".npy")
    return stem if len(stem) > 1 and stem.isidentifier() else usual


def lookup_column(classes: str | None, name: str) -> str:
    """What `columns` calls numbers that choose names of classes."""
    return name if classes is None else f"{classes}[{name}]"


def lookup_table(beside: Arrays, answer: np.ndarray) -> str | None:
    """The array of texts that the numbers of an answer choose from."""
    if answer.ndim != 1 or answer.dtype.kind not in "iu" or not len(answer) or answer.min() < 0:
        return None
    texts = {name: one for name, one in beside.items() if one.ndim == 1 and one.dtype.kind in "US"}
    return next((name for name, one in texts.items() if len(one) == answer.max() + 1), None)


def channel_names(beside: Arrays, series: np.ndarray) -> dict[str, Any]:
    """The names of the channels, where an array of texts has as many."""
    texts = [one for one in beside.values() if one.ndim == 1 and one.dtype.kind == "U"]
    found = next((one.tolist() for one in texts if series.ndim == 3 and len(one) == series.shape[2]), None)
    return {} if found is None or len(set(found)) < len(found) else {"channels": found}


def answer_of(array: str, values: np.ndarray) -> FoundField:
    """A label or values, by what an array (N,) or (N, K) holds."""
    count = values.shape[1] if values.ndim == 2 else 1
    if count > 1 and np.isin(values, (0, 1)).all():
        settings = {} if (values.sum(1) == 1).all() else {"several": True}
        return FoundField(clean_name(array, "label"), "label", settings)
    if count > 1:
        names = [f"value{number}" for number in range(1, count + 1)]
        return FoundField(clean_name(array, "amounts"), "values", {"names": names})
    if values.dtype.kind not in "iuf" or are_classes(values):
        return FoundField(clean_name(array, "label"), "label")
    return FoundField(clean_name(array, "amount"), "values")


def are_classes(values: np.ndarray) -> bool:
    """Whether numbers are whole and few, so that they are believed to be classes."""
    different = np.unique(values)
    few = len(different) <= MOST_LABELS or values.dtype.kind in "iu" and 10 * len(different) <= len(values)
    return few and bool((different % 1 == 0).all())
