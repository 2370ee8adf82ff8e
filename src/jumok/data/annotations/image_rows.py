"""Rows of texts some of which are paths of images: each image is decoded, and a faulty one is told in its line."""

from collections.abc import Iterator
from pathlib import Path

from jumok.classes import Class
from jumok.data.annotations.annotated import SourceLocation
from jumok.data.annotations.summary import Sight, Summary
from jumok.data.images.looks import Looks
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.rows import Source


class ImageRows:
    """The rows of another source whose images could be decoded; `images` are the columns of their paths."""

    def __init__(self, source: Source, images: tuple[str, ...]) -> None:
        self._source = source
        self._looks = Looks()
        self._places: dict[Path, SourceLocation] = {}  # of each image, where it is listed first
        self.kind = type(source).__name__
        self.options = repr({name: str(value) for name, value in vars(source).items() if name[0] != "_"})
        self.images = images
        self.columns, self.files, self.root = source.columns, source.files, source.root
        self.classes: tuple[Class, ...] = ()
        self.summary = Summary()

    def remember(self, looks: Looks) -> None:
        """Look at images by these looks, which may know them already."""
        self._looks = looks

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """What the other source found odd, but no fault."""
        return self._source.remarks

    @property
    def watched(self) -> tuple[Path, ...]:
        """All that decides the rows, once they were read."""
        return tuple(dict.fromkeys((*self._source.watched, *self._places)))

    def rows(self) -> Iterator[Row | Fault]:
        """The rows whose images are there and whole, and a fault in place of each other one."""
        self.summary, self._places = Summary(has_images=True), {}
        missing: list[Fault] = []
        count = 0
        for item in self._source.rows():
            fault = self._fault(item) if isinstance(item, Row) else None
            count += isinstance(item, Row)
            if fault is None:
                yield item
            elif fault.kind == "missing_image":
                missing.append(fault)
            else:
                yield fault
        self.summary.images = len(self._places)
        yield from self._missing(missing, count)

    def _missing(self, missing: list[Fault], count: int) -> list[Fault]:
        """The faults of missing images; one alone when no image is there, for then the folder is wrong."""
        if not missing or len(missing) < count:
            return missing
        problem = f"none of the {count:,} images that it lists exists; the first should be {next(iter(self._places))}"
        remedy = f"write paths that start at {self.root}"
        return [Fault(str(self.files[0]), None, problem, remedy, "missing_file")]

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
        is_first = path not in self._places
        place = self._places.setdefault(path, SourceLocation(str(self.files[0]), line))
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
