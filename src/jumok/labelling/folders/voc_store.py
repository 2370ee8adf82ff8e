"""Pascal VOC's XML files as records: the elements of objects."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, SourceLocation
from jumok.data.annotations.documents.located_xml import parse_xml, read_xml, xml_encoding, xml_text
from jumok.data.annotations.finding import IMAGE_FOLDERS, stem_of
from jumok.data.annotations.voc.layout import Layout, find_layout, voc_splits
from jumok.data.annotations.voc.reading import OTHER_SHAPES, VocReader, read_voc
from jumok.data.annotations.voc.writing import voc_text
from jumok.data.cache.states import state_of
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import composed, files_below
from jumok.data.tables.open_text import GZIP_MARK, is_folder
from jumok.data.tables.text_form import plain_lines
from jumok.errors import DataError
from jumok.labelling.files.guarded_file import lock_folder, read_now, replace_file
from jumok.labelling.folders.folder_store import FolderItem
from jumok.labelling.folders.split_images import SplitImages
from jumok.labelling.folders.voc_records import (
    OBJECT_TAGS,
    XmlText,
    blank_end,
    changed_object,
    object_like,
    object_xml,
)
from jumok.labelling.objects.change import ReadObject
from jumok.labelling.objects.marks import ObjectMark, mark_of
from jumok.labelling.objects.record_list import PlainRecords, TextRecord
from jumok.labelling.objects.spans import ObjectSpans
from jumok.labelling.refusals import fixed_outline, named_classes, readable, unsupported_mark

BYTE_ORDERS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
ORDER_MARK = "\ufeff"


class VocFormat:
    """The XML files of one split of Pascal VOC."""

    format = "voc"
    outlines = False

    def __init__(
        self,
        folder: Path,
        split: str | None = None,
        images: Path | None = None,
        excluded: Collection[Path] = (),
        classes: Sequence[str] | None = None,
        new: bool = False,
    ) -> None:
        """Open a split.

        Args:
            folder: The folder of the data set.
            split: Name of a list in ImageSets/Main/, or of a folder; None for all.
            images: The folder of images; searched for by default.
            excluded: Images that belong to other splits.
            classes: The classes that an experiment names; those that occur by default.
            new: Whether the folder may have no XML files yet.
        """
        self.place = folder
        self._split, self._given, self._classes = split, images, classes
        self._images, self._new = SplitImages(excluded), new
        self._layout = self._find()

    def classes(self) -> tuple[str, ...] | None:
        """The classes that are named; None if they are those that occur."""
        return None if self._classes is None else tuple(map(composed, self._classes))

    def add_class(self, name: str) -> None:
        """Objects themselves have them; DataError if an experiment names them all."""
        if self._classes is not None:
            raise named_classes(name, self._classes)

    def items(self) -> Mapping[str, FolderItem]:
        """The images of the split by their names below their folder, and those that are in no split."""
        layout = self._layout
        folders = [folder for folder in layout.images if is_folder(folder)]
        images = [self._images.below(folder) for folder in image_folders(layout, folders, self._given)]
        watched: list[object] = [*images, state_of(layout.lists or layout.annotations)]
        return self._images.found(watched, lambda: self._resolved(layout, images))

    def cut(self, file: Path, data: bytes) -> PlainRecords:
        """The elements of objects with the white space before them; DataError if the file is faulty."""
        raw = self._text(file, data).encode()
        spans = ObjectSpans(raw)
        if not spans.is_voc:
            raise self._no_voc(file, raw.decode())
        records, gaps, end = list[TextRecord](), list[str](), 0
        for one in spans.found:
            start = one.start - len(blank_end(raw[end : one.start]))
            gaps.append(raw[end:start].decode())
            end = one.end
            records.append(
                TextRecord(raw[start:end].decode(), category=composed(one.name) if one.name else None)
            )
        gaps.append(raw[end:].decode())
        mark = ORDER_MARK if self.decoded(data).startswith(ORDER_MARK) else ""
        records_found = PlainRecords(records, [mark + gaps[0], *gaps[1:]])
        if self.join(records_found, data) != data:
            problem = "holds bytes that its encoding would write in another way"
            raise DataError(str(Fault(str(file), None, problem, "save it as UTF-8", "bad_xml")))
        return records_found

    def join(self, records: PlainRecords, before: bytes | None) -> bytes:
        """The text in the encoding of the file; characters that it has not become references."""
        encoding = "utf-8" if before is None else codec_of(before)
        return records.text.encode(encoding, "xmlcharrefreplace")

    def decoded(self, data: bytes) -> str:
        """The text of a file, with its byte order mark."""
        return data.decode(codec_of(data))

    def new_file(self, item: FolderItem) -> PlainRecords:
        """The XML of an image without objects."""
        image = AnnotatedImage(item.image, item.image.name, SourceLocation(str(item.file), None))
        with readable():
            return self.cut(item.file, voc_text(image).encode())

    def read(self, item: FolderItem, records: PlainRecords) -> tuple[list[ReadObject], tuple[str, ...]]:
        """The boxes in pixels of the image as it is shown."""
        reader = VocReader(self._layout)
        objects: list[ReadObject] = []
        for number, record in enumerate(records.records):
            before, first = len(reader.faults), records.line_of(number)
            element = parse_xml(item.file, record.text)
            for found in reader.annotation(item.file, element):
                fixed = any(child.tag in OTHER_SHAPES for child in element.children)
                objects.append(ReadObject(record, mark_of(found, str(number + 1), fixed)))
            reader.faults[before:] = [moved_down(one, first) for one in reader.faults[before:]]
        return objects, tuple(map(str, reader.faults))

    def classes_in(self, records: PlainRecords) -> list[str]:
        """The names of the objects."""
        return [one.category for one in records.records if one.category is not None]

    def fit(self, item: FolderItem, mark: ObjectMark) -> ObjectMark:
        """A box; DataError for an outline or a crowd."""
        if mark.polygons is not None or mark.crowd:
            raise unsupported_mark("VOC", "outlines" if mark.polygons is not None else "crowd", mark.name)
        return mark

    def append(self, item: FolderItem, records: PlainRecords, mark: ObjectMark) -> None:
        """Add an object behind the last one, or behind all other elements."""
        if records.records:
            made = object_like(mark.annotation(), records.records[-1].text)
            records.insert(len(records.records), TextRecord(made, category=mark.name), 0)
            return
        text = records.gaps[0].removeprefix(ORDER_MARK)
        xml = XmlText(text)
        lead, between, _ = xml.spaces(xml.root)
        last = xml.root.children[-1:]
        at = xml.end(last[0]) if last else xml.inside(xml.root)[0]
        space = between if last else lead
        unit = space.lstrip("\r\n") if "\n" in space else ""
        inner = (space + unit, space + unit, space)
        made = space + object_xml(mark.annotation(), OBJECT_TAGS, inner)
        place = len(records.gaps[0]) - len(text) + len(xml.data[:at].decode())
        records.insert(0, TextRecord(made, category=mark.name), place)

    def rewrite(self, item: FolderItem, old: ReadObject, mark: ObjectMark) -> TextRecord:
        """The element of a changed object."""
        if old.mark.fixed and not mark.has_shape_of(old.mark):
            raise fixed_outline(old.mark.name)
        text = changed_object(old.record.text, old.mark, mark)
        return TextRecord(text, category=mark.name, serial=old.record.serial)

    def before_first(self) -> None:
        """Nothing stands before the XML files."""

    def after(self, item: FolderItem) -> None:
        """Add a new image to the list of the split."""
        lists = self._layout.lists
        if lists is None:
            return
        name = item.file.relative_to(self._layout.annotations).with_suffix("").as_posix()
        with lock_folder(lists.parent.resolve()):
            before = read_now(lists)
            data = before or b""
            if name in (line.strip().decode(errors="replace") for line in data.splitlines()):
                return
            line_end = b"\r\n" if b"\r\n" in data else b"\n"
            gap = b"" if not data or data.endswith(b"\n") else line_end
            replace_file(lists, data + gap + name.encode() + line_end, before)

    def annotated(self, classes: Sequence[str]) -> AnnotatedSet:
        """The split as `jumok train` reads it."""
        return read_voc(self.place, self._split, classes, self._given)

    def _find(self) -> Layout:
        found = find_layout(self.place, self._split, self._given)
        if isinstance(found, Layout):
            return found
        if not self._new:
            raise DataError(str(found))
        beside = [self.place / name for name in IMAGE_FOLDERS if is_folder(self.place / name)]
        if self._given is None and beside:
            return Layout(self.place / "Annotations", tuple(beside))
        return Layout(self.place, (self._given or self.place,))

    def _text(self, file: Path, data: bytes) -> str:
        """The text of a file, without byte order mark."""
        problem = "is compressed" if data.startswith(GZIP_MARK) else "is empty" if not data.strip() else None
        if problem is not None:
            raise DataError(str(Fault(str(file), None, problem, "write it as plain XML", "bad_xml")))
        with readable():
            return xml_text(file, data)

    def _no_voc(self, file: Path, text: str) -> DataError:
        """Why a text is not the XML of an image."""
        try:
            root = parse_xml(file, text)
        except UnreadableFile as unreadable:
            return DataError(str(unreadable))
        wrong = f"begins with <{root.tag}>, expected <annotation>…</annotation>"
        return DataError(str(Fault(str(file), root.line, wrong, "name a VOC file", "bad_voc")))

    def _resolved(self, layout: Layout, images: Sequence[Mapping[str, Path]]) -> dict[str, FolderItem]:
        """The images of the split, then the others."""
        reader = VocReader(layout)
        items: dict[str, FolderItem] = {}
        taken: set[Path] = set()
        for name, file in self._stated(layout, reader):
            path, key = reader.image(name, None)
            if not path.exists() and file.exists():
                path, key = reader.image(name, stated_name(file))
            if path not in taken:
                taken.add(path)
                key = key if key not in items else str(path)
                items[key] = FolderItem(key, path, file)
        elsewhere = self._in_other_lists(layout)
        for found in images:
            for name, path in found.items():
                stem = stem_of(name)
                if path not in taken and name not in items and stem not in elsewhere:
                    file = layout.annotations / f"{stem}.xml"
                    items[name] = FolderItem(name, path, file, listed=layout.lists is None)
        return items

    def _in_other_lists(self, layout: Layout) -> set[str]:
        """The names of images, without suffix, that belong to other splits."""
        if layout.lists is None:
            return set()
        others = [layout.lists.with_name(f"{name}.txt") for name in voc_splits(self.place)]
        texts = (read_now(one) or b"" for one in others if one != layout.lists)
        return {line.strip().decode(errors="replace") for text in texts for line in text.splitlines()}

    def _stated(self, layout: Layout, reader: VocReader) -> list[tuple[str, Path]]:
        """The names of the list, or of all XML files, with the file of each."""
        if layout.lists is None:
            files = files_below(layout.annotations, (".xml",)).files if is_folder(layout.annotations) else []
            return [(one.relative_to(layout.annotations).with_suffix("").as_posix(), one) for one in files]
        found: list[tuple[str, Path]] = []
        with readable():
            for _, text in plain_lines(layout.lists):
                if isinstance(text, Fault):
                    raise DataError(str(text))
                if name := text.strip().replace("\\", "/"):
                    stated = layout.annotations / f"{name}.xml"
                    found.append((name, reader.images.listings.find(stated) or stated))
        return list(dict.fromkeys(found))


def image_folders(layout: Layout, folders: Sequence[Path], given: Path | None) -> list[Path]:
    """The folders whose images may be labelled: those that are for images, or else the first."""
    if given is not None:
        return [given]
    named = [one for one in folders if one.name in IMAGE_FOLDERS or one.parent.name in IMAGE_FOLDERS]
    return named or list(folders[:1])


def moved_down(fault: Fault, first: int) -> Fault:
    """A fault of an element at its line in the whole file."""
    return fault._replace(line=None if fault.line is None else fault.line + first - 1)


def codec_of(data: bytes) -> str:
    """The encoding of a file, in which its byte order mark is a character: what it declares, if it keeps to that."""
    marked = BYTE_ORDERS.get(data[:2])
    declared, read = xml_encoding(data)
    try:
        data.decode(marked or declared)
    except (UnicodeDecodeError, LookupError):
        return read
    return marked or declared


def stated_name(file: Path) -> str | None:
    """The name of the image that an XML file states; None if it cannot be read."""
    try:
        root = read_xml(file)
    except UnreadableFile:
        return None
    return root.find_text("filename") or root.find_text("path")
