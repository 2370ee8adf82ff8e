"""The list of classes beside annotations that cannot hold a class which nothing has yet, so that none is forgotten."""

from collections.abc import Sequence
from pathlib import Path

from jumok.data.annotations.class_names import names_of_lines, numbered_names
from jumok.files import unwritable
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.refusals import readable

NO_NAMES = ("__ignore__", "_background_")  # what labelme puts before the classes


class ClassNamesFile:
    """A text file with a name on each line, which need not exist, and which others may change at any time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = GuardedFile(path)

    def names(self) -> tuple[str, ...]:
        """The names in the order of the lines, each once; DataError if it is no text."""
        return tuple(name for name in self._all_names() if name not in NO_NAMES)

    def _all_names(self) -> tuple[str, ...]:
        with readable():
            return names_of_lines(self.path, self._file.read() or b"")

    def numbered(self) -> tuple[str, ...]:
        """The names of the values of pixels, from 0 on; DataError where a line has none of its own."""
        with readable():
            return numbered_names(self.path, self._file.read() or b"")

    def add(self, names: Sequence[str]) -> None:
        """Append the names that it lacks; RunError if the disk refuses."""
        if set(names) <= set(self._all_names()):
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.path, error) from error
        with self._file.lock() as before:
            known, data = self._all_names(), before or b""
            end = "\r\n" if b"\r\n" in data else "\n"
            new = "".join(name + end for name in dict.fromkeys(names) if name not in known)
            gap = "" if not data or data.endswith(b"\n") else end
            if new:
                self._file.replace(data + (gap + new).encode(), before)
