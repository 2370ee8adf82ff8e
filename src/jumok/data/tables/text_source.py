"""What all sources of texts share: their files, remarks, and faults in place of rows that cannot be read."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from jumok.classes import Class
from jumok.data.row import Row
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.pipes import spooled
from jumok.data.tables.remarks import Remarks
from jumok.data.tables.text_form import why_no_text


class TextSource(ABC):
    """Files of texts that are read row by row; `wrong` says why a file cannot be read at all."""

    classes: tuple[Class, ...] = ()
    columns: tuple[str, ...]

    def __init__(self, files: Iterable[Path], wrong: Callable[[Path], Fault | None] = why_no_text) -> None:
        self.files = tuple(map(spooled, files))
        self.root = self.files[0].parent
        self.watched = self.files
        self._wrong, self._remarks = wrong, Remarks()

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """Remarks that are no faults, once the rows were read."""
        return self._remarks.told()

    def rows(self) -> Iterator[Row | Fault]:
        """The rows in order, a fault in place of each faulty one."""
        self._remarks = Remarks()
        faults = [fault for path in self.files if (fault := self._wrong(path))]
        try:
            yield from faults or self._rows()
        except UnreadableFile as unreadable:
            yield unreadable.fault

    @abstractmethod
    def _rows(self) -> Iterator[Row | Fault]:
        """The rows of files that can be read; may raise UnreadableFile."""
