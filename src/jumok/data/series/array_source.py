"""Examples from arrays of NumPy: rows (N, T, C) of series, and numbers or texts (N,) beside them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.series.arrays import plain, read_array
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.open_text import is_folder

LOOKED_UP = re.compile(r"(?P<table>.+)\[(?P<numbers>.+)\]")  # classes[y_train]


class NamedArray(NamedTuple):
    """An array of a file, as `columns` names it."""

    path: Path
    name: str  # empty in a .npy file
    values: np.ndarray

    @property
    def where(self) -> str:
        """How a message names it."""
        return f"array {self.name!r}" if self.name else "its array"


class ArraySource:
    """A .npz file, or a folder of .npy files; a row of each array is an example.

    `columns` gives the array for each of our names: that of the .npz file, or the name of the .npy file. `a[b]` stands
    for the entries of a that the numbers in b choose, like names of classes.
    """

    classes: tuple[Class, ...] = ()
    remarks: tuple[Fault, ...] = ()

    def __init__(self, path: Path, columns: Mapping[str, str], series: tuple[str, ...]) -> None:
        self.path, self.series = path, series
        self.columns = tuple(columns)
        self.theirs = tuple(columns.values())
        self.files = (path,)
        self.root = path.parent

    @property
    def watched(self) -> tuple[Path, ...]:
        """The file, or those of the folder."""
        names = [name for one in self.theirs for name in array_parts(one)]
        return (self.path, *(self.path / name for name in names)) if is_folder(self.path) else self.files

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each entry of the arrays, or one fault of a whole array."""
        try:
            cells = [self.cells(name, theirs) for name, theirs in zip(self.columns, self.theirs, strict=True)]
        except UnreadableFile as unreadable:
            yield unreadable.fault
            return
        lengths = list(map(len, cells))
        if len(set(lengths)) > 1:
            told = ", ".join(f"{name} {length:,}" for name, length in zip(self.theirs, lengths, strict=True))
            problem = f"has arrays of different lengths ({told})"
            yield Fault(str(self.path), None, problem, "save one entry for each example", "length_mismatch")
            return
        if not lengths[0]:
            yield Fault(str(self.path), None, "has no examples", "save some", "empty_file")
        for number, values in enumerate(zip(*cells, strict=True), start=1):
            empty = next((name for name, value in zip(self.columns, values, strict=True) if not value), None)
            if empty is None:
                yield Row(number, values)
            else:
                problem = f"has no value for {empty}"
                yield Fault(str(self.path), number, problem, "fill it in or remove the row", "empty_side")

    def cells(self, name: str, theirs: str) -> list[str]:
        """The cells of one column; raises UnreadableFile."""
        if name not in self.series:
            return self.texts(theirs)
        array = self.array(theirs)
        if array.values.ndim not in (2, 3) or array.values.dtype.kind not in "iufb":
            problem = f"{array.where} has shape {array.values.shape} of {array.values.dtype}, "
            problem += "expected numbers (N, T, C)"
            raise UnreadableFile(Fault(str(array.path), None, problem, "name another array", "wrong_format"))
        path = array.path.relative_to(self.root).as_posix()
        return [f"{path}#{array.name}[{number}]" for number in range(len(array.values))]

    def texts(self, theirs: str) -> list[str]:
        """The numbers or texts (N,) of an array as cells, empty where there is none; raises UnreadableFile."""
        found = LOOKED_UP.fullmatch(theirs)
        array = self.array(found["numbers"] if found else theirs)
        if array.values.ndim != 1 or array.values.dtype.kind not in "iufbUS":
            problem = f"{array.where} has shape {array.values.shape} of {array.values.dtype}"
            expected = f"{problem}, expected one number or text for each example, (N,)"
            raise UnreadableFile(Fault(str(array.path), None, expected, "name another array", "wrong_format"))
        values = array.values
        if found:
            table = self.array(found["table"])
            wrong = values.dtype.kind not in "iu" or ((values < 0) | (values >= len(table.values))).any()
            if table.values.ndim != 1 or wrong:
                problem = (
                    f"{array.where} has numbers that {table.where}, of length {len(table.values):,}, lacks"
                )
                remedy = "name another array, or count from 0"
                raise UnreadableFile(Fault(str(array.path), None, problem, remedy, "wrong_format"))
            values = table.values[values]
        missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
        return ["" if lost else plain(value) for value, lost in zip(values, missing, strict=True)]

    def array(self, name: str) -> NamedArray:
        """An array by what `columns` calls it; raises UnreadableFile."""
        if is_folder(self.path):
            return NamedArray(self.path / name, "", read_array(self.path / name))
        return NamedArray(self.path, name, read_array(self.path, name))


def array_parts(theirs: str) -> tuple[str, ...]:
    """The arrays that an entry of `columns` names."""
    found = LOOKED_UP.fullmatch(theirs)
    return (found["table"], found["numbers"]) if found else (theirs,)
