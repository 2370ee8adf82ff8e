"""Tables of boxes (CSV): a row for each object, with its image, class and box.

Used by TensorFlow's object detection API, Roboflow, OpenImages, keras-retinanet and makesense.ai. Columns are
recognized by their names, in any order. Coordinates are edges in pixels, or relative to the image if none is above 1.
A row without a box is an image without objects.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jumok.data.annotations.annotated import (
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    Box,
    SourceLocation,
    classes_in,
    header_size,
    nothing_but,
    parse_finite,
    pixels,
    utf8_names,
)
from jumok.data.annotations.box_tables.columns import Columns, columns_of, numbered_columns
from jumok.data.annotations.coco.fields import Wrong, record_fault, size_in_words
from jumok.data.annotations.finding import find_images
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.listing import composed, forward_slashes
from jumok.data.tables.quoted import Cells, csv_cells
from jumok.data.tables.text_form import first_bytes, why_no_text
from jumok.wording import quantity

EXPECTED_COLUMNS = (
    "expected columns like filename,width,height,class,xmin,ymin,xmax,ymax; where the table has no names, number them "
    "in the experiment file: columns: {filename: 1, xmin: 2, ymin: 3, xmax: 4, ymax: 5, class: 6}"
)


@dataclass
class BoxRow:
    """One object of a table, or an image without objects."""

    place: SourceLocation
    image: str
    name: str
    box: Box | None
    size: Size | None


def read_box_table(
    file: Path,
    images: Path | None = None,
    classes: Sequence[str] | None = None,
    numbers: Mapping[str, int] | None = None,
) -> AnnotatedSet:
    """Read a table of boxes.

    Args:
        file: The table.
        images: The folder where names of images start; searched for by default.
        classes: Names of the classes; by default those that occur, sorted.
        numbers: The columns by number from 1, if the table has no header.

    Returns:
        The images with their boxes and the faults.
    """
    fault = why_no_text(file)
    if fault:
        return nothing_but(fault, file)
    reading = BoxTableReader(file, numbers)
    try:
        rows = list(reading.rows())
    except UnreadableFile as unreadable:
        return nothing_but(unreadable.fault, file)
    return reading.result(rows, images, classes)


class BoxTableReader:
    """Reads a table and collects its faults."""

    def __init__(self, file: Path, numbers: Mapping[str, int] | None = None) -> None:
        self.file, self.numbers = file, numbers
        self.faults: list[Fault] = []
        self.remarks: list[Fault] = []

    def rows(self) -> Iterator[BoxRow]:
        """The rows; raises UnreadableFile if the columns are unknown."""
        table = csv_cells(self.file, separator_of(self.file))
        first, columns = self.columns(next(table, None))
        if not columns.header:
            yield from self.row(first, columns, len(first.cells))
        for item in table:
            if isinstance(item, Fault):
                self.faults.append(item)
            else:
                yield from self.row(item, columns, len(first.cells))

    def columns(self, first: Cells | Fault | None) -> tuple[Cells, Columns]:
        """The first row, and where each column stands; raises UnreadableFile if they are unknown."""
        if first is None or isinstance(first, Fault):
            empty = Fault(str(self.file), None, "has no rows", "write some examples into it", "empty_file")
            raise UnreadableFile(first or empty)
        columns = (
            numbered_columns(self.numbers)
            if self.numbers
            else columns_of([cell.strip() for cell in first.cells])
        )
        if not isinstance(columns, str) and max(columns.places.values()) >= len(first.cells):
            columns = f"has no column {max(columns.places.values()) + 1}, only {len(first.cells)}"
        if isinstance(columns, str):
            problem = f"{columns}; its first row is {', '.join(first.cells)!r:.90}"
            raise fail(self.file, first.line, problem, EXPECTED_COLUMNS, "unknown_column")
        return first, columns

    def row(self, item: Cells, columns: Columns, width: int) -> Iterator[BoxRow]:
        """The row in these cells; nothing, but a fault, if it cannot be read.

        Args:
            item: The cells, with their line.
            columns: Where each column of the table stands.
            width: The number of columns.

        Yields:
            The row, unless there is a fault.
        """
        place = SourceLocation(str(self.file), item.line)
        if len(item.cells) != width:
            problem = f"has {quantity(len(item.cells), 'column')}, expected {width}"
            self.faults.append(place.fault(problem, "add or remove commas", "column_count"))
            return
        cells = {what: item.cells[at].strip() for what, at in columns.places.items()}
        try:
            if not cells["image"]:
                raise Wrong("has no image", "name its file", "bad_value")
            box = row_box(cells, columns)
            name = composed(cells.get("name", "object"))
            if box is not None and not name:
                raise Wrong("has a box but no class", "name its class", "bad_value")
            yield BoxRow(place, forward_slashes(cells["image"]), name, box, row_size(cells))
        except Wrong as wrong:
            self.faults.append(record_fault(place, "row", wrong))

    def result(
        self, rows: Sequence[BoxRow], images: Path | None, classes: Sequence[str] | None
    ) -> AnnotatedSet:
        """The images of all rows, found on the disk, with their boxes.

        Args:
            rows: The rows.
            images: The folder of the images; None looks near the table.
            classes: The names of the classes; None takes those of the rows.

        Returns:
            The images with their boxes, and the faults.
        """
        listed: dict[str, list[BoxRow]] = {}
        for row in rows:
            listed.setdefault(row.image, []).append(row)
            first = listed[row.image][0]
            if row.size is not None and first.size not in (None, row.size):
                problem = f"row: states {row.size}, but line {first.place.line} states {first.size} for {row.image!r}"
                self.faults.append(row.place.fault(problem, "correct one", "size_mismatch"))
        found = find_images(self.file, list(listed), images)
        shares = are_shares([row.box for row in rows if row.box])
        self.remarks.extend(found.remarks)
        if shares:
            problem = "no coordinate is beyond 1"
            remedy = "they are read as shares of the image's width and height"
            self.remarks.append(Fault(str(self.file), None, problem, remedy, "shares"))
        good, faults = utf8_names(found.paths)
        writable = set(good)
        places = zip(listed.values(), found.paths, found.names, strict=True)
        annotated = [
            self.annotated_image(of_image, path, name, shares)
            for of_image, path, name in places
            if path in writable
        ]
        return AnnotatedSet(
            classes_in(annotated, classes),
            tuple(self.distinct(annotated)),
            (*faults, *self.faults),
            remarks=tuple(self.remarks),
            looked_at=(self.file, *found.looked_at),
        )

    def annotated_image(self, rows: Sequence[BoxRow], path: Path, name: str, shares: bool) -> AnnotatedImage:
        """An image with its boxes in pixels; with `shares`, the table has them relative to its size.

        Args:
            rows: The rows of the image.
            path: Its file.
            name: Its name in the table.
            shares: Whether coordinates are shares of its size.

        Returns:
            The image; without boxes where its size is needed and unknown.
        """
        place, size = rows[0].place, rows[0].size
        scale = (size or header_size(path)) if shares else Size(1, 1)
        if isinstance(scale, Fault):  # told when the image is looked at
            return AnnotatedImage(path, name, place, size)
        marked = [Annotation(box_in_pixels(row.box, scale), row.name, row.place) for row in rows if row.box]
        return AnnotatedImage(path, name, place, size, tuple(marked))

    def distinct(self, images: Sequence[AnnotatedImage]) -> Iterator[AnnotatedImage]:
        """Merge entries whose names lead to the same file."""
        by_path: dict[Path, AnnotatedImage] = {}
        for image in images:
            first = by_path.setdefault(image.path, image)
            if first is not image:
                by_path[image.path] = replace(first, annotations=first.annotations + image.annotations)
        yield from by_path.values()


def is_box_table(file: Path) -> bool:
    """Whether the first row of a table says that its rows are boxes."""
    if not file.name.lower().removesuffix(".gz").endswith((".csv", ".tsv")) or why_no_text(file):
        return False
    try:
        first = next(csv_cells(file, separator_of(file)), None)
    except UnreadableFile:
        return False
    return isinstance(first, Cells) and isinstance(
        columns_of([cell.strip() for cell in first.cells]), Columns
    )


def separator_of(file: Path) -> str:
    """The separator that is most frequent in the first line."""
    return separator_in(first_bytes(file))


def separator_in(data: bytes) -> str:
    """The separator that is most frequent in the first line of a table."""
    first = data.split(b"\n", 1)[0]
    return max(",;\t|", key=lambda mark: first.count(mark.encode()))


def row_box(cells: Mapping[str, str], columns: Columns) -> Box | None:
    """The edges of a row's box; None if it has none."""
    texts = [cells[edge] for edge in columns.edges]
    if not any(text and text.lower() not in ("nan", "none", "null", "[]") for text in texts):
        return None
    if columns.edges == ("box",):
        return box_in_one_cell(texts[0])
    values = [parse_finite(text) for text in texts]
    if None in values:
        edge = columns.edges[values.index(None)]
        raise Wrong(
            f"the {edge} edge is {texts[values.index(None)]!r}, expected a number", "write one", "bad_value"
        )
    a, b, c, d = (value or 0.0 for value in values)
    return (a, b, c, d) if "right" in columns.edges else (a, b, a + c, b + d)


def box_in_one_cell(text: str) -> Box:
    """A box as [left, top, width, height]."""
    try:
        values = json.loads(text.replace("(", "[").replace(")", "]"))
        left, top, width, height = map(float, values)
    except (ValueError, TypeError, RecursionError):
        problem = f"the box is {text!r:.60}, expected [left, top, width, height]"
        raise Wrong(problem, "write four numbers", "bad_value") from None
    return left, top, left + width, top + height


def row_size(cells: dict[str, str]) -> Size | None:
    """The stated size of the image; None for 0 × 0, which some tools write."""
    texts = [cells.get(side, "") for side in ("width", "height")]
    if not all(texts) or texts == ["0", "0"]:
        return None
    return size_in_words(texts)


def are_shares(boxes: Sequence[Box]) -> bool:
    """Whether coordinates are relative to the image: none is above 1, and some are between 0 and 1."""
    edges = [edge for box in boxes for edge in box]
    return bool(edges) and max(edges) <= 1 and any(0 < edge < 1 for edge in edges)


def box_in_pixels(box: Box, size: Size) -> Box:
    """A relative box in pixels of an image of this size."""
    x1, y1, x2, y2 = (pixels(edge * size[i % 2]) for i, edge in enumerate(box))
    return x1, y1, x2, y2
