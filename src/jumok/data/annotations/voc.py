"""Pascal VOC: a folder with JPEGImages/, Annotations/NAME.xml and ImageSets/Main/SPLIT.txt, which lists names.

VOC counts pixels from 1 and means the pixels `xmin` to `xmax`, both included; so the box's edges are `xmin - 1` and
`xmax` (a box over a whole image of 640 × 480 is 1, 1, 640, 480). Writing adds the 1: a round trip changes nothing. Some
tools write edges counted from 0 into the same fields; no file says so, and it is a matter of one pixel.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from jumok.data.annotations.located_xml import Element, read_xml
from jumok.data.annotations.picture import (
    AnnotatedSet,
    Annotation,
    Box,
    Class,
    Picture,
    Place,
    finite,
    nothing_but,
    pixels,
    plain_number,
)
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import SUFFIXES, Size
from jumok.data.reading import decoded, is_file, raw_lines, why_unreadable
from jumok.errors import did_you_mean

EDGES = ("xmin", "ymin", "xmax", "ymax")
FLAGS = ("difficult", "truncated", "occluded")
KNOWN = {"name", "bndbox", "pose", *FLAGS}  # of an object; a pose is kept out when somebody gave one


def read_voc(folder: Path, split: str, classes: Sequence[str] | None = None) -> AnnotatedSet:
    """The pictures that ImageSets/Main/SPLIT.txt lists.

    VOC has no list of classes: without `classes` they are the names that occur in this split, sorted.
    """
    lists = folder / "ImageSets" / "Main" / f"{split}.txt"
    fault = missing_split(folder, split) or why_unreadable(lists)
    if fault:
        return nothing_but(fault, lists)
    reading = Reading(folder)
    pictures: list[Picture] = []
    try:
        pictures.extend(reading.pictures(lists))
    except UnreadableFile as unreadable:
        reading.faults.append(unreadable.fault)
    used = sorted({one.name for picture in pictures for one in picture.annotations})
    names = used if classes is None else classes
    return AnnotatedSet(
        tuple(Class(name) for name in names),
        tuple(pictures),
        tuple(reading.faults),
        left_out=reading.left_out,
        looked_at=(lists, *reading.looked_at),
    )


def voc_splits(folder: Path) -> list[str]:
    """The lists that there are."""
    return sorted(file.stem for file in (folder / "ImageSets" / "Main").glob("*.txt"))


def missing_split(folder: Path, split: str) -> Fault | None:
    main = folder / "ImageSets" / "Main"
    if (main / f"{split}.txt").exists():
        return None
    known = voc_splits(folder)
    problem = f"has no list {split}.txt"
    if not main.is_dir():
        problem = "is no Pascal VOC folder: it has no ImageSets/Main"
    hint = (
        did_you_mean(split, known).removeprefix("; ")
        or "name the folder that holds Annotations and JPEGImages"
    )
    return Fault(str(main if main.is_dir() else folder), None, problem, hint, "missing_file")


class Reading:
    """Reads the files of one split, and keeps the faults on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[Fault] = []
        self.left_out: Counter[str] = Counter()
        self.looked_at: list[Path] = []

    def pictures(self, lists: Path) -> Iterator[Picture]:
        lines: dict[str, int] = {}
        for number, raw in enumerate(raw_lines(lists), start=1):
            text = decoded(lists, number, raw)
            if isinstance(text, Fault):
                self.faults.append(text)
            elif name := text.strip():
                if name in lines:
                    problem = f"the image {name!r} stands in line {lines[name]} already"
                    self.faults.append(
                        Fault(str(lists), number, problem, "remove one of the lines", "duplicate_id")
                    )
                    continue
                lines[name] = number
                yield from self.picture(name, Place(str(lists), number))

    def picture(self, name: str, listed: Place) -> Iterator[Picture]:
        """The picture of a name; nothing when its file of annotations cannot be read."""
        file = self.folder / "Annotations" / f"{name}.xml"
        self.looked_at.append(file)
        try:
            root = read_xml(file)
            if root.tag != "annotation":
                wrong = f"begins with <{root.tag}>, expected <annotation>"
                raise UnreadableFile(Fault(str(file), root.line, wrong, "name a VOC file", "bad_voc"))
        except UnreadableFile as unreadable:
            fault = unreadable.fault
            if fault.kind == "missing_file":  # the list is what names it
                fault = listed.fault(f"lists {name!r}, but {file} does not exist", fault.remedy, fault.kind)
            self.faults.append(fault)
            return
        image = self.image(name, root.find_text("filename"))
        objects = [child for child in root.children if child.tag == "object"]
        annotations = tuple(one for child in objects for one in self.annotation(file, child))
        size = self.size(file, root)
        yield Picture(
            image, image.relative_to(self.folder / "JPEGImages").as_posix(), listed, size, annotations
        )

    def image(self, name: str, stated: str | None) -> Path:
        """The file of an image; the suffix that the annotation states is tried first, then the others."""
        suffixes = [Path(stated).suffix] if stated else []
        found = (self.folder / "JPEGImages" / (name + suffix) for suffix in (*suffixes, *SUFFIXES))
        expected = self.folder / "JPEGImages" / (name + (suffixes or [".jpg"])[0])
        return next((path for path in found if is_file(path)), expected)

    def size(self, file: Path, root: Element) -> Size | None:
        """The stated size; 0 × 0, which some tools write, is none."""
        element = root.find("size")
        if element is None:
            return None
        texts = [element.find_text(side) for side in ("width", "height")]
        if texts in ([None, None], ["0", "0"]):
            return None
        if not all(text and text.isdecimal() for text in texts):
            problem = f"the size is {texts[0]} × {texts[1]}, expected whole numbers"
            self.faults.append(Fault(str(file), element.line, problem, "write them", "bad_value"))
            return None
        return Size(int(texts[0] or 0), int(texts[1] or 0))

    def annotation(self, file: Path, element: Element) -> Iterator[Annotation]:
        """The object of an element; nothing when it has no name or box."""
        name, box = element.find_text("name"), element.find("bndbox")
        if name is None or box is None:
            problem = f"the object has no {'name' if name is None else 'bndbox'}"
            self.faults.append(Fault(str(file), element.line, problem, "add it", "bad_value"))
            return
        edges = [finite(box.find_text(edge)) for edge in EDGES]
        if None in edges:
            edge = EDGES[edges.index(None)]
            problem = f"{edge} of {name!r} is {box.find_text(edge) or 'missing'}, expected a number"
            self.faults.append(Fault(str(file), box.line, problem, "write one", "bad_value"))
            return
        left, top, right, bottom = (edge or 0.0 for edge in edges)
        corners: Box = (pixels(left - 1), pixels(top - 1), pixels(right), pixels(bottom))
        self.left_out.update({child.tag for child in element.children} - KNOWN)
        if element.find_text("pose") not in (None, "Unspecified"):
            self.left_out["pose"] += 1
        difficult, truncated, occluded = (element.find_text(flag) in ("1", "true", "True") for flag in FLAGS)
        yield Annotation(
            corners,
            name,
            Place(str(file), box.line),
            difficult=difficult,
            truncated=truncated,
            occluded=occluded,
        )


def write_voc(data: AnnotatedSet, folder: Path, split: str) -> None:
    """Write the annotations and the list of a split; images are somebody else's work."""
    for picture in data.pictures:
        file = folder / "Annotations" / f"{picture.stem}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(voc_text(picture), encoding="utf-8")
    lists = folder / "ImageSets" / "Main" / f"{split}.txt"
    lists.parent.mkdir(parents=True, exist_ok=True)
    lists.write_text("".join(f"{picture.stem}\n" for picture in data.pictures), encoding="utf-8")


def voc_text(picture: Picture) -> str:
    """The annotations of a picture as VOC's XML."""
    size = picture.known_size()
    objects = "".join(map(object_text, picture.annotations))
    return (
        "<annotation>\n"
        "\t<folder>JPEGImages</folder>\n"
        f"\t<filename>{escape(picture.name)}</filename>\n"
        f"\t<size><width>{size.width}</width><height>{size.height}</height><depth>3</depth></size>\n"
        "\t<segmented>0</segmented>\n"
        f"{objects}"
        "</annotation>\n"
    )


def object_text(one: Annotation) -> str:
    x1, y1, x2, y2 = one.box
    edges = zip(EDGES, (pixels(x1 + 1), pixels(y1 + 1), x2, y2), strict=True)
    box = "".join(f"<{edge}>{plain_number(value)}</{edge}>" for edge, value in edges)
    flags = (f"\t\t<{flag}>{int(getattr(one, flag))}</{flag}>\n" for flag in FLAGS)
    return (
        "\t<object>\n"
        f"\t\t<name>{escape(one.name)}</name>\n"
        "\t\t<pose>Unspecified</pose>\n"
        f"{''.join(flags)}"
        f"\t\t<bndbox>{box}</bndbox>\n"
        "\t</object>\n"
    )
