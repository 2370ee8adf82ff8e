"""Which rows of a table of boxes are about which image on the disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jumok.data.annotations.box_tables.reading import box_in_pixels
from jumok.data.annotations.finding import find_images, stem_of
from jumok.data.images.reading import Size
from jumok.labelling.box_tables.rows import BoxRecord, BoxRows
from jumok.labelling.coco.index import folder_with_images, places_below
from jumok.labelling.objects.change import ReadObject
from jumok.labelling.objects.image_folder import shown_size
from jumok.labelling.objects.marks import ObjectMark

PIXEL_UNIT = Size(1, 1)  # what coordinates in pixels are multiplied by


@dataclass(slots=True)
class TabledImage:
    """An image of a table, with the names that its rows have for it."""

    key: str
    path: Path
    names: list[str] = field(default_factory=list)
    records: list[BoxRecord] = field(default_factory=list)

    @property
    def marked(self) -> list[BoxRecord]:
        """The rows that hold a box."""
        return [one for one in self.records if one.row is not None and one.row.box is not None]

    @property
    def hollow(self) -> list[BoxRecord]:
        """The rows without one, which say that nothing is on the image."""
        return [one for one in self.records if one.row is not None and one.row.box is None]

    @property
    def size(self) -> Size | None:
        """The size that its rows state, or else that of the file; None if it cannot be read."""
        stated = (one.row.size for one in self.records if one.row is not None and one.row.size is not None)
        return next(stated, None) or shown_size(self.path)

    def scale(self, shares: bool) -> Size | None:
        """What the coordinates of its rows are multiplied by: for shares its size, None if that is not known."""
        return self.size if shares else PIXEL_UNIT

    def objects(self, shares: bool) -> list[ReadObject]:
        """Its objects; the id of one is its place among them."""
        scale, found = self.scale(shares), list[ReadObject]()
        for number, record in enumerate(self.marked, 1):
            row = record.row
            if scale is not None and row is not None and row.box is not None:
                box = box_in_pixels(row.box, scale)
                found.append(ReadObject(record, ObjectMark(str(number), row.name, box)))
        return found


@dataclass
class TableIndex:
    """The images of a table by their keys, and where others like them would be."""

    items: dict[str, TabledImage]
    folder: Path  # that names start at
    within: tuple[Path, ...]  # folders of it that hold the images

    def take(self, rows: BoxRows, keys: Sequence[str]) -> None:
        """Give some images their rows, as they stand in a table now."""
        owners = {name: self.items[key] for key in keys for name in self.items[key].names}
        for key in keys:
            self.items[key].records = []
        for record in rows.rows():
            if record.owner in owners:
                owners[record.owner].records.append(record)


def index_of_rows(file: Path, rows: BoxRows, images: Path | None) -> TableIndex:
    """Find the images of a table on the disk.

    Args:
        file: The table.
        rows: Its rows.
        images: The folder that names start at; searched for by default.

    Returns:
        The index.
    """
    names = list(dict.fromkeys(one.owner for one in rows.rows() if one.owner is not None))
    found = find_images(file, names, images)
    by_path: dict[Path, TabledImage] = {}
    keys: set[str] = set()
    for name, path, shown in zip(names, found.paths, found.names, strict=True):
        item = by_path.get(path)
        if item is None:
            item = by_path[path] = TabledImage(shown if shown not in keys else str(path), path)
            keys.add(item.key)
        item.names.append(name)
    folder = found.folder if names or images is not None else folder_with_images(file)
    within = (folder,) if images is not None or not names else places_below(folder, found.names)
    index = TableIndex({item.key: item for item in by_path.values()}, folder, within)
    index.take(rows, list(index.items))
    return index


def name_in_table(
    file: Path, key: str, path: Path, known: Mapping[str, TabledImage], images: Path | None
) -> str:
    """What a table calls an image that it does not list yet: as it calls the others, if that leads to the image.

    Args:
        file: The table.
        key: The name of the image below the folder of images.
        path: The image.
        known: The images that the table lists.
        images: The folder that names start at; searched for by default.

    Returns:
        The name.
    """
    listed = [name for item in known.values() for name in item.names]
    ways = []
    for item in list(known.values())[:1]:
        name = item.names[0]
        if name.endswith(item.key):
            ways.append(name.removesuffix(item.key) + key)
        elif name.endswith(stem_of(item.key)):
            ways.append(name.removesuffix(stem_of(item.key)) + stem_of(key))
    for way in (*ways, key):
        if find_images(file, [*listed, way], images).paths[-1] == path:
            return way
    return str(path.absolute())


def stated_cells(rows: BoxRows, item: TabledImage, name: str) -> dict[str, str]:
    """The cells of a row that are the same for all objects of an image: its name, and its size if there are columns.

    Args:
        rows: The table.
        item: The image.
        name: What the table calls it, if no row does yet.

    Returns:
        The text of each column.
    """
    size = item.size
    sides = {} if size is None else {"width": str(size.width), "height": str(size.height)}
    written = rows.cell_of(item.records[-1], "image") if item.records else name
    return {"image": written, **sides}
