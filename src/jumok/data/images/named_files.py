"""Images whose text is their file name (2b827.png shows 2b827) or the name of their folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from jumok.classes import Class
from jumok.data.images.reading import SUFFIXES
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.listing import files_below
from jumok.data.tables.open_text import is_folder, nearest_file
from jumok.data.tables.rows import clean


class NamedFilesSource:
    """The images in a folder and below, each with its file or folder name as text."""

    classes: tuple[Class, ...] = ()
    remarks: tuple[Fault, ...] = ()

    def __init__(self, folder: Path, text: Literal["stem", "folder"], columns: tuple[str, str]) -> None:
        self.folder = folder
        self.text = text
        self.columns = columns  # of the image, then of the text
        self.files = (folder,)
        self.root = folder
        self._listed: tuple[Path, ...] = ()

    @property
    def watched(self) -> tuple[Path, ...]:
        """The folders that were listed, once rows were read."""
        return tuple(dict.fromkeys((self.folder, *self._listed)))

    def rows(self) -> Iterator[Row | Fault]:
        """A row for each image, sorted by name; a fault for each without a text."""
        if not is_folder(self.folder):
            problem = "is no folder" if self.folder.exists() else "does not exist"
            yield Fault(str(self.folder), None, problem, nearest_file(self.folder), "missing_file")
            return
        below = files_below(self.folder, SUFFIXES)
        self._listed = tuple(below.folders)
        if not below.files:
            remedy = f"name a folder with files that end in {', '.join(SUFFIXES)}"
            yield Fault(str(self.folder), None, "holds no images", remedy, "empty_file")
        for number, path in enumerate(below.files, start=1):
            text = self.text_of(path)
            if text:
                yield Row(number, (path.relative_to(self.folder).as_posix(), text))
            else:
                problem = f"has no text in its {'name' if self.text == 'stem' else 'folder'}"
                yield Fault(str(path), None, problem, "rename or move it", "empty_side")

    def text_of(self, path: Path) -> str:
        """The file name without suffix, or the name of the sub-folder."""
        if self.text == "stem":
            return clean(path.stem)
        return clean(path.parent.name) if path.parent != self.folder else ""
