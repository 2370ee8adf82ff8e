"""Rows of another source some of whose cells name files: each is looked at, and a faulty one is told in its line."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import forward_slashes
from jumok.data.tables.open_text import is_file
from jumok.data.tables.rows import Source
from jumok.wording import none_exists


class FileRows(ABC):
    """The rows of another source whose files are as they should be, and a fault in place of each other row.

    Faults of the kind `missing` are told by one alone where no file is there at all, for then the folder is wrong.
    """

    missing: ClassVar[str] = ""
    noun: ClassVar[str] = "file"

    def __init__(self, source: Source) -> None:
        self._source = source
        self._seen: dict[Path, Any] = {}  # all files that rows name, the first one first
        self.kind = type(source).__name__
        self.options = repr({name: str(value) for name, value in vars(source).items() if name[0] != "_"})
        self.columns, self.files, self.root = source.columns, source.files, source.root
        self.classes: tuple[Class, ...] = ()

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """What the other source found odd, but no fault."""
        return self._source.remarks

    @property
    def watched(self) -> tuple[Path, ...]:
        """All that decides the rows, once they were read."""
        return tuple(dict.fromkeys((*self._source.watched, *self._seen)))

    def rows(self) -> Iterator[Row | Fault]:
        """The rows whose files are as they should be, and a fault in place of each other one."""
        self._seen = {}
        missing: list[Fault] = []
        count = 0
        for item in map(self._with_forward_slashes, self._source.rows()):
            fault = self._fault(item) if isinstance(item, Row) else None
            count += isinstance(item, Row)
            if fault is None:
                yield item
            elif fault.kind == self.missing:
                missing.append(fault)
            else:
                yield fault
        if not missing or len(missing) < count:
            yield from missing
            return
        first = next(iter(self._seen))
        problem = none_exists(count, self.noun, first)
        remedy = f"write paths that start at {self.root}"
        yield Fault(str(self.files[0]), None, problem, remedy, "missing_file")

    def _with_forward_slashes(self, item: Row | Fault) -> Row | Fault:
        """A row whose paths were written on Windows with paths as they are here."""
        if isinstance(item, Fault):
            return item
        values = list(item.values)
        for place in map(self.columns.index, self._file_columns()):
            cell = values[place]
            if "\\" in cell and not cell.lstrip().startswith("[") and not is_file(self.root / cell):
                values[place] = forward_slashes(cell)
        return item._replace(values=tuple(values))

    @abstractmethod
    def _file_columns(self) -> Iterable[str]:
        """The columns whose cells name files."""

    @abstractmethod
    def _fault(self, row: Row) -> Fault | None:
        """What is wrong with the first faulty file of a row; notes all files in `_seen`."""
