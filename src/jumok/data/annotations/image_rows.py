"""Rows of texts some of which are paths of images: each image is decoded, and a faulty one is told in its line."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from jumok.data.annotations.annotated import SourceLocation
from jumok.data.annotations.checking.summary import Sight, Summary
from jumok.data.images.looks import Looks
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.file_rows import FileRows
from jumok.data.tables.rows import Source


class ImageRows(FileRows):
    """The rows of another source whose images could be decoded; `images` are the columns of their paths."""

    missing, noun = "missing_image", "image"
    _seen: dict[Path, SourceLocation]  # of each image, where it is listed first

    def __init__(self, source: Source, images: tuple[str, ...]) -> None:
        super().__init__(source)
        self._looks = Looks()
        self.images = images
        self.summary = Summary()

    def remember(self, looks: Looks) -> None:
        """Look at images by these looks, which may know them already."""
        self._looks = looks

    def rows(self) -> Iterator[Row | Fault]:
        """The rows whose images are there and whole, and a fault in place of each other one."""
        self.summary = Summary(has_images=True)
        yield from super().rows()
        self.summary.images = len(self._seen)

    def _file_columns(self) -> Iterable[str]:
        return self.images

    def _fault(self, row: Row) -> Fault | None:
        """What is wrong with the first faulty image of a row."""
        for column in self.images:
            path = row.values[self.columns.index(column)]
            fault = (
                self._look(self.root / path, row.line) if path else None
            )  # a row may lack an optional input
            if fault is not None:
                return fault
        return None

    def _look(self, path: Path, line: int) -> Fault | None:
        is_first = path not in self._seen
        place = self._seen.setdefault(path, SourceLocation(str(self.files[0]), line))
        here = place if is_first else SourceLocation(str(self.files[0]), line)
        seen = self._looks.image(path)
        if isinstance(seen, Fault):
            if seen.kind == "missing_file":
                return here.fault(f"lists {path}, which does not exist", seen.remedy, "missing_image")
            return here.fault(f"{path} {seen.problem}", seen.remedy, seen.kind)
        if is_first:
            self.summary.see(Sight(seen.digest.hex(), str(path), place), seen.header.size)
            self.summary.remark_on(path, seen)
        return None
