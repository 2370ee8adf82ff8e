"""Examples from arrays of NumPy: rows (N, T, C) of series; beside them numbers or texts (N,), or several (N, K)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.series.arrays import plain, read_array
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.joined import Joining
from jumok.data.tables.open_text import is_folder
from jumok.wording import quantity

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

    @property
    def shaped(self) -> str:
        """How a message tells its shape and type."""
        return f"{self.where} has shape {self.values.shape} of {self.values.dtype}"


class ArraySource:
    """A .npz file, or a folder of .npy files; a row of each array is an example.

    `columns` gives the array for each of our names: that of the .npz file, or the name of the .npy file. `a[b]` stands
    for the entries of a that the numbers in b choose, like names of classes. What is `joined` may have several arrays,
    or one with several entries for each example.
    """

    classes: tuple[Class, ...] = ()
    remarks: tuple[Fault, ...] = ()

    def __init__(
        self,
        path: Path,
        columns: Mapping[str, str | tuple[str, ...]],
        series: Sequence[str],
        joined: Mapping[str, Joining] | None = None,
    ) -> None:
        self.path, self.series, self.joined = path, tuple(series), dict(joined or {})
        self.columns = tuple(columns)
        self.theirs = tuple(columns.values())
        self.files = (path,)
        self.root = path.parent

    @property
    def watched(self) -> tuple[Path, ...]:
        """The file, or those of the folder."""
        names = [
            part
            for one in self.theirs
            for name in (one if isinstance(one, tuple) else (one,))
            for part in array_parts(name)
        ]
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
            names = ["+".join(one) if isinstance(one, tuple) else one for one in self.theirs]
            told = ", ".join(f"{name} {length:,}" for name, length in zip(names, lengths, strict=True))
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

    def cells(self, name: str, theirs: str | tuple[str, ...]) -> list[str]:
        """The cells of one column; raises UnreadableFile."""
        if isinstance(theirs, tuple):
            rows = zip(*(self.texts(one, one) for one in theirs), strict=True)
            return [
                self.joined_cell(name, self.path, number, list(row), theirs) if all(row) else ""
                for number, row in enumerate(rows, start=1)
            ]
        if name not in self.series:
            return self.texts(name, theirs)
        array = self.array(theirs)
        if array.values.ndim not in (2, 3) or array.values.dtype.kind not in "iufb":
            problem = f"{array.shaped}, expected numbers (N, T, C)"
            raise fail(array.path, None, problem, "name another array", "wrong_format")
        path = array.path.relative_to(self.root).as_posix()
        return [f"{path}#{array.name}[{number}]" for number in range(len(array.values))]

    def texts(self, name: str, theirs: str) -> list[str]:
        """The cells of an array (N,), or (N, K) of what is made of K entries; empty where there is none."""
        array = self.looked_up(theirs)
        values = array.values[:, 0] if array.values.shape[1:] == (1,) else array.values
        if values.ndim == 1 and values.dtype.kind in "iufbUS":
            missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
            return ["" if lost else plain(value) for value, lost in zip(values, missing, strict=True)]
        if values.ndim != 2 or values.dtype.kind not in "iufb" or name not in self.joined:
            expected = f"{array.shaped}, expected {self.expected(name)}"
            raise fail(array.path, None, expected, "name another array", "wrong_format")
        return self.join(name, array, values)

    def expected(self, name: str) -> str:
        """The arrays that an input or output may have."""
        usual = "one number or text for each example, (N,)"
        joining = self.joined.get(name)
        if joining is None:
            return usual
        return f"{usual}, or {'values' if joining.form == 'list' else '0 and 1 for each class'}, (N, K)"

    def join(self, name: str, array: NamedArray, values: np.ndarray) -> list[str]:
        """A cell for each row of values (N, K); raises UnreadableFile.

        Args:
            name: The field.
            array: Its array.
            values: Its values (N, K).

        Returns:
            The text of a cell for each row.

        Raises:
            UnreadableFile: They do not fit the names of the field.
        """
        joining, count = self.joined[name], values.shape[1]
        if joining.form == "list" and not joining.names:
            problem = f"{array.shaped}, {quantity(count, 'value')} for each example"
            remedy = f"name them, like names: [a, b] for {name}"
            raise fail(array.path, None, problem, remedy, "wrong_format")
        if len(joining.names) not in (0, count):
            named = f"{quantity(len(joining.names), joining.noun)} ({', '.join(joining.names)})"
            problem = f"{array.shaped}, expected {named}"
            raise fail(array.path, None, problem, f"correct the names of {name}", "wrong_format")
        places = [str(place) for place in range(count)]
        return [
            self.joined_cell(name, array.path, number, list(map(plain, row)), places)
            for number, row in enumerate(values, start=1)
        ]

    def joined_cell(
        self, name: str, path: Path, number: int, cells: list[str], columns: Sequence[str]
    ) -> str:
        """The cell of one example; raises UnreadableFile."""
        found = self.joined[name].cell(path, number, cells, columns)
        if isinstance(found, Fault):
            raise UnreadableFile(found)
        return found

    def looked_up(self, theirs: str) -> NamedArray:
        """An array, or the entries that numbers choose; raises UnreadableFile."""
        found = LOOKED_UP.fullmatch(theirs)
        array = self.array(found["numbers"] if found else theirs)
        if not found:
            return array
        table, numbers = self.array(found["table"]), array.values
        if numbers.ndim != 1:
            problem, remedy = (
                f"{array.shaped}, expected one number or text for each example, (N,)",
                "name another array",
            )
            raise fail(array.path, None, problem, remedy, "wrong_format")
        wrong = numbers.dtype.kind not in "iu" or ((numbers < 0) | (numbers >= len(table.values))).any()
        if table.values.ndim != 1 or wrong:
            problem = f"{array.where} has numbers that {table.where}, of length {len(table.values):,}, lacks"
            remedy = "name another array, or count from 0"
            raise fail(array.path, None, problem, remedy, "wrong_format")
        return array._replace(values=table.values[numbers])

    def array(self, name: str) -> NamedArray:
        """An array by what `columns` calls it; raises UnreadableFile."""
        if is_folder(self.path):
            return NamedArray(self.path / name, "", read_array(self.path / name))
        return NamedArray(self.path, name, read_array(self.path, name))


def array_parts(theirs: str) -> tuple[str, ...]:
    """The arrays that an entry of `columns` names."""
    found = LOOKED_UP.fullmatch(theirs)
    return (found["table"], found["numbers"]) if found else (theirs,)
