"""YOLO's label files as records: a line for each object."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jumok.data.annotations.annotated import AnnotatedSet, SourceLocation
from jumok.data.annotations.documents.located_json import decode_text
from jumok.data.annotations.segmentation import box_polygon, merge_polygons, polygon_bounds
from jumok.data.annotations.yolo.file import YoloFile, read_yolo_file, yolo_file_text
from jumok.data.annotations.yolo.labels import LabelFiles
from jumok.data.annotations.yolo.places import Places
from jumok.data.annotations.yolo.reading import YoloReader, count_fault, finite_numbers, read_yolo
from jumok.data.annotations.yolo.writing import label_line
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault
from jumok.data.tables.open_text import is_folder
from jumok.data.tables.text_form import form_fault
from jumok.errors import DataError, did_you_mean
from jumok.labelling.files.guarded_file import GuardedFile, lock_folder, read_now, replace_file
from jumok.labelling.folders.folder_store import FolderItem
from jumok.labelling.folders.split_images import SplitImages
from jumok.labelling.folders.yolo_names import with_darknet_name, with_yolo_name
from jumok.labelling.objects.change import ReadObject
from jumok.labelling.objects.image_folder import image_size
from jumok.labelling.objects.marks import ObjectMark, check_no_flags, mark_of
from jumok.labelling.objects.record_list import PlainRecords, TextRecord
from jumok.labelling.refusals import file_is_gone, readable, unknown_class, unsupported_mark

SAMPLED_OBJECTS = 1000  # objects that show whether a data set has outlines


class YoloFormat:
    """The label files of one split of a data.yaml."""

    format = "yolo"

    def __init__(
        self,
        file: Path,
        split: str,
        excluded: Collection[Path] = (),
        classes: Sequence[str] | None = None,
    ) -> None:
        """Open a split.

        Args:
            file: The data.yaml or obj.data.
            split: The split.
            excluded: Images that belong to other splits.
            classes: The classes of a file that the first change makes; None if it must be there.
        """
        self._split, self._images, self._new_classes = split, SplitImages(excluded), classes
        self.place = file if classes is not None else self._read(file).path
        self._guarded = GuardedFile(self.place)
        self._known: tuple[bytes | None, YoloFile] | None = None
        self._lists: dict[Path, GuardedFile] = {}
        self.outlines = self._has_outlines()

    def classes(self) -> tuple[str, ...]:
        """The names of the classes."""
        return self._file().names

    def add_class(self, name: str) -> None:
        """Add a name to the data.yaml, or to the file that obj.data names."""
        self.before_first()
        target = self._names_file()
        with lock_folder(target.parent.resolve()):
            if name in self._file().names:  # by another process
                return
            data = read_now(target)
            if data is None:
                raise file_is_gone(target)
            text = decode_text(target, data)
            made = (
                with_darknet_name(text, name) if target != self.place else with_yolo_name(target, text, name)
            )
            replace_file(target, data[: len(data) - len(text.encode())] + made.encode(), data)
        self._known = None

    def items(self) -> Mapping[str, FolderItem]:
        """The images of the split by their names below its folder."""
        file = self._file()
        places = Places(file.path.parent, file.root)
        if self._split not in file.splits:
            hint = did_you_mean(self._split, file.splits)
            raise DataError(f"{file.path}: has no split {self._split!r}{hint}")
        found: list[object] = []
        for text in file.splits[self._split]:
            place = places.folder_or_list(text)
            if place is None:
                reader = YoloReader(file.names, places)
                raise DataError(str(reader.missing_place(file, self._split, text)))
            found += [place, self._images.below(place) if is_folder(place) else self._list(place)]
        return self._images.found(found, lambda: self._resolved(file, places, found))

    def cut(self, file: Path, data: bytes) -> PlainRecords:
        """Lines with their ends; DataError if the file is no such text."""
        try:
            text = data.decode()
        except UnicodeDecodeError:
            with readable():
                decode_text(file, data)
            raise
        records, gaps = list[TextRecord](), [""]
        if text.startswith("\ufeff"):
            gaps, text = ["\ufeff"], text[1:]
        for line in split_lines(text):
            if "\0" in line or "\r" in line.rstrip("\r\n"):
                fault = form_fault(file) or Fault(
                    str(file), None, "is no text", "write it again", "bad_labels"
                )
                raise DataError(str(fault))
            if line.strip():
                records.append(TextRecord(line, category=first_number(line)))
                gaps.append("")
            else:
                gaps[-1] += line
        return PlainRecords(records, gaps)

    def join(self, records: PlainRecords, before: bytes | None) -> bytes:
        """The text in UTF-8."""
        return records.text.encode()

    def new_file(self, item: FolderItem) -> PlainRecords:
        """An empty file."""
        return PlainRecords([], [""])

    def read(self, item: FolderItem, records: PlainRecords) -> tuple[list[ReadObject], tuple[str, ...]]:
        """The boxes and outlines in pixels of the image as it is shown."""
        file = self._file()
        reader = YoloReader(file.names, Places(file.path.parent, file.root))
        objects: list[ReadObject] = []
        size = image_size(item.image) if records.records else Size(1, 1)
        for number, record in enumerate(records.records):
            words, place = record.text.split(), SourceLocation(str(item.file), records.line_of(number))
            fault = count_fault(words, place)
            numbers = None if fault else finite_numbers(words)
            found = None if numbers is None else reader.annotation(numbers, place, size)
            if found is not None:
                objects.append(ReadObject(record, mark_of(found, str(number + 1))))
            elif numbers is None:
                problem = f"{record.text.strip()!r:.60} are not all numbers"
                unlike = place.fault(problem, "write numbers, with a point as in 0.5", "bad_value")
                reader.faults.append(fault or unlike)
        return objects, tuple(map(str, reader.faults))

    def classes_in(self, records: PlainRecords) -> list[str]:
        """The classes whose numbers the lines begin with."""
        names = self._file().names
        return [
            names[one.category]
            for one in records.records
            if one.category is not None and one.category < len(names)
        ]

    def fit(self, item: FolderItem, mark: ObjectMark) -> ObjectMark:
        """A box or one outline; as all others of the data set, because it may not mix them."""
        check_no_flags("YOLO", mark)
        if mark.polygons is None:
            is_drawn = mark.id is None and self.outlines
            return replace(mark, polygons=(box_polygon(mark.box),)) if is_drawn else mark
        outline = merge_polygons(mark.polygons)
        return replace(mark, polygons=(outline,), box=polygon_bounds(outline))

    def append(self, item: FolderItem, records: PlainRecords, mark: ObjectMark) -> None:
        """Add a line at the end."""
        line_end = "\r\n" if "\r\n" in records.text else "\n"
        line = self._line(item, mark)
        record = TextRecord(line + line_end, category=self._number(mark.name))
        if records.records and not records.records[-1].text.endswith("\n"):
            record = replace(record, text=line_end + line)
        records.insert(len(records.records), record, 0 if records.records else len(records.gaps[0]))

    def rewrite(self, item: FolderItem, old: ReadObject, mark: ObjectMark) -> TextRecord:
        """The line of a changed object; its other numbers stay if only the class changes."""
        text = old.record.text
        body = text.strip()
        if mark.has_shape_of(old.mark):
            body_made = f"{self._number(mark.name)}{body[len(body.split()[0]) :]}"
        else:
            body_made = self._line(item, mark, old.mark.polygons is not None)
        return replace(old.record, text=text.replace(body, body_made, 1), category=self._number(mark.name))

    def before_first(self) -> None:
        """Write the data.yaml, if it is new."""
        with lock_folder(self.place.parent.resolve()):
            if self._new_classes is not None and self._guarded.read() is None:
                text = yolo_file_text(tuple(self._new_classes), {self._split: self._new_place()})
                self._guarded.replace(text.encode(), None)
        self._new_classes = None

    def after(self, item: FolderItem) -> None:
        """Nothing names a label file but its image."""

    def annotated(self, classes: Sequence[str]) -> AnnotatedSet:
        """The split as `jumok train` reads it."""
        return read_yolo(self.place, self._split)

    def _file(self) -> YoloFile:
        data = self._guarded.read()
        if data is None and self._new_classes is not None:
            root = self.place.parent
            return YoloFile(self.place, root, tuple(self._new_classes), {self._split: (self._new_place(),)})
        if self._known is None or self._known[0] is not data or self.place.suffix.lower() == ".data":
            self._known = (data, self._read(self.place))
        return self._known[1]

    def _read(self, file: Path) -> YoloFile:
        with readable():
            return read_yolo_file(file)

    def _new_place(self) -> str:
        """Where the images of a new data.yaml are: in images/, or all below its folder."""
        return "images" if is_folder(self.place.parent / "images") else "."

    def _names_file(self) -> Path:
        """The file that lists the classes."""
        if self.place.suffix.lower() != ".data":
            return self.place
        places = Places(self.place.parent, self.place.parent)
        text = next(
            value.strip()
            for line in self.place.read_text(encoding="utf-8").splitlines()
            for key, equals, value in [line.partition("=")]
            if equals and key.strip() == "names"
        )
        return places.folder_or_list(text) or self.place.parent / Path(text).name

    def _list(self, place: Path) -> bytes | None:
        return self._lists.setdefault(place, GuardedFile(place)).read()

    def _resolved(self, file: YoloFile, places: Places, found: Sequence[object]) -> dict[str, FolderItem]:
        """The images with their label files."""
        images: dict[str, Path] = {}
        for place in (one for one in found if isinstance(one, Path)):
            named = self._images.below(place) if is_folder(place) else self._named(file, places, place)
            for name, path in named.items():
                if images.get(name) != path:
                    images[name if name not in images else str(path)] = path
        labels = LabelFiles()
        there = {key: next(iter(labels.find(path)), None) for key, path in images.items()}
        usual: dict[Path, Path] = {}  # where the labels of a folder are
        for label, users in labels.used.items():
            usual.setdefault(users[0].parent, label.parent)
        items: dict[str, FolderItem] = {}
        for key, path in images.items():
            folder = usual.get(path.parent) or next(
                one.folder for one in labels.candidates(path.parent) if one.usual
            )
            items[key] = FolderItem(key, path, there[key] or folder / f"{path.stem}.txt")
        return items

    def _named(self, file: YoloFile, places: Places, place: Path) -> dict[str, Path]:
        reader = YoloReader(file.names, places)
        return {one.name: one.path for one in reader.listed(place, self._split)}

    def _has_outlines(self) -> bool:
        """Whether the label files have outlines; those of a data set are of one kind."""
        counts: Counter[bool] = Counter()
        for item in self.items().values():
            data = GuardedFile(item.file).read()
            counts.update(len(line.split()) > 5 for line in (data or b"").splitlines() if line.strip())
            if counts.total() >= SAMPLED_OBJECTS:
                break
        return counts[True] > counts[False]

    def _number(self, name: str) -> int:
        names = self._file().names
        if name not in names:
            raise unknown_class(name)
        return names.index(name)

    def _line(self, item: FolderItem, mark: ObjectMark, outline: bool | None = None) -> str:
        """The line of an object, without its end."""
        if mark.polygons is not None and not (self.outlines or outline):
            raise unsupported_mark("YOLO with boxes", "outlines", mark.name)
        is_outline = self.outlines if outline is None else outline or mark.polygons is not None
        line = label_line(mark.annotation(), self._number(mark.name), image_size(item.image), is_outline)
        return line.removesuffix("\n")


def first_number(line: str) -> int | None:
    """The whole number that a line begins with."""
    word = line.split(maxsplit=1)[0]
    return int(word) if word.isdecimal() else None


def split_lines(text: str) -> Iterator[str]:
    """The lines of a text with their ends, which are line feeds."""
    lines = text.split("\n")
    yield from (f"{line}\n" for line in lines[:-1])
    if lines[-1]:
        yield lines[-1]
