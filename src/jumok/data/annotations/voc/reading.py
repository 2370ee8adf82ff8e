"""Pascal VOC: a folder with JPEGImages/, Annotations/NAME.xml and ImageSets/Main/SPLIT.txt, which lists names.

Labelling tools leave images and XML files alone, side by side or in two folders, without lists: all of them are read.

VOC counts pixels from 1 and means the pixels `xmin` to `xmax`, both included; so the box's edges are `xmin - 1` and
`xmax` (a box over a whole image of 640 × 480 is 1, 1, 640, 480). Writing adds the 1: a round trip changes nothing. Some
tools write edges counted from 0 into the same fields; no file says so, and it is a matter of one pixel.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from jumok.data.annotations.annotated import (
    FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    Box,
    SourceLocation,
    classes_in,
    hidden_remarks,
    nothing_but,
    of_one_image,
    parse_finite,
    pixels,
    utf8_names,
)
from jumok.data.annotations.coco.fields import Wrong, size_in_words
from jumok.data.annotations.documents.located_xml import Element, read_xml
from jumok.data.annotations.finding import ImagesByStem, stem_of
from jumok.data.annotations.voc.layout import Layout, find_layout, watched_folders
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.listing import composed, files_below, forward_slashes, printable
from jumok.data.tables.open_text import read_fault
from jumok.data.tables.text_form import plain_lines
from jumok.wording import quantity, with_article

XML_EDGES = ("xmin", "ymin", "xmax", "ymax")
OTHER_SHAPES = ("polygon", "robndbox", "segm", "ellipse")
KNOWN_FIELDS = {"name", "bndbox", "pose", *FLAGS}  # of an object; a stated pose is not kept


def read_voc(
    folder: Path, split: str | None, classes: Sequence[str] | None = None, images: Path | None = None
) -> AnnotatedSet:
    """Read a split of Pascal VOC.

    Args:
        folder: The folder of the data set.
        split: Name of a list in ImageSets/Main/; without lists, all images that have an XML file are read.
        classes: Names of the classes; by default those that occur in this split, sorted.
        images: The folder of images, if it is not beside the XML files, JPEGImages/ or images/.

    Returns:
        The images with their annotations and the faults.
    """
    layout = find_layout(folder, split, images)
    if isinstance(layout, Fault):
        return nothing_but(layout, folder, *watched_folders(folder, split))
    reading = VocReader(layout)
    annotated: list[AnnotatedImage] = []
    try:
        annotated.extend(reading.listed() if layout.lists else reading.found())
    except UnreadableFile as unreadable:
        reading.faults.append(unreadable.fault)
    return AnnotatedSet(
        classes_in(annotated, classes),
        tuple(annotated),
        tuple(reading.faults),
        dropped_fields=reading.left_out,
        remarks=tuple(reading.remarks),
        looked_at=(*watched_folders(folder, split), *reading.looked_at, *reading.images.folders),
    )


class VocReader:
    """Reads the files of one split and collects faults."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.images = ImagesByStem()
        self.faults: list[Fault] = []
        self.remarks: list[Fault] = []
        self.left_out: Counter[str] = Counter()
        self.looked_at: list[Path] = []

    def listed(self) -> Iterator[AnnotatedImage]:
        """The images of the list."""
        lists, lines = self.layout.lists or Path(), dict[str, int]()
        self.looked_at.append(lists)
        fault = read_fault(lists)
        if fault:
            raise UnreadableFile(fault)
        for number, text in plain_lines(lists):
            if isinstance(text, Fault):
                self.faults.append(text)
            elif name := text.strip().replace("\\", "/"):
                if name in lines:
                    problem = f"the image {name!r} is already in line {lines[name]}"
                    self.faults.append(
                        Fault(str(lists), number, problem, "remove one of the lines", "duplicate_id")
                    )
                    continue
                lines[name] = number
                yield from self.annotated_image(name, SourceLocation(str(lists), number))

    def found(self) -> Iterator[AnnotatedImage]:
        """An image for each XML file."""
        below = files_below(self.layout.annotations, (".xml",))
        self.looked_at.extend(below.folders)
        self.remarks.extend(hidden_remarks(self.layout.annotations, below))
        files, faults = utf8_names(below.files)
        self.faults.extend(faults)
        if not files:
            problem = "holds no XML files"
            raise fail(self.layout.annotations, None, problem, "name their folder", "missing_file")
        taken: dict[Path, Path] = {}
        for file in files:
            name = file.relative_to(self.layout.annotations).with_suffix("").as_posix()
            for image in self.annotated_image(name, SourceLocation(str(file), None), file):
                if image.path in taken:
                    problem = f"is of the image {image.path.name}, as is {taken[image.path]}"
                    self.faults.append(Fault(str(file), None, problem, "remove one of them", "duplicate_id"))
                    continue
                taken[image.path] = file
                yield image
        self.remarks.extend(self.without_xml(set(taken)))

    def without_xml(self, taken: set[Path]) -> Iterator[Fault]:
        """A remark about images without annotations."""
        bare = [path for path in self.images.seen() if path not in taken]
        if bare:
            problem = (
                f"{quantity(len(bare), 'image')} without an XML file left out, like {printable(bare[0])}"
            )
            remedy = "write one without objects for an image without objects"
            yield Fault(str(self.layout.annotations), None, problem, remedy, "no_labels")

    def annotated_image(
        self, name: str, listed: SourceLocation, file: Path | None = None
    ) -> Iterator[AnnotatedImage]:
        """The image of a name; nothing, but a fault, if its XML file cannot be read.

        Args:
            name: The name of the image, without suffix.
            listed: Where the name stands.
            file: The XML file, if it is not the one of that name.

        Yields:
            The image, unless there is a fault.
        """
        stated_file = file or self.layout.annotations / f"{name}.xml"
        file = file or self.images.listings.find(stated_file) or stated_file
        self.looked_at.append(file)
        try:
            root = read_xml(file)
            if root.tag != "annotation":
                remedy = (
                    "it is CVAT's own XML: name it under cvat:"
                    if root.tag == "annotations"
                    else "name a VOC file"
                )
                wrong = f"begins with <{root.tag}>, expected <annotation>"
                raise fail(file, root.line, wrong, remedy, "bad_voc")
        except UnreadableFile as unreadable:
            fault = unreadable.fault
            if fault.kind == "missing_file":  # the list is what names it
                problem = f"lists {name!r}, but {file} does not exist"
                fault = listed.fault(problem, fault.remedy, "missing_labels")
            self.faults.append(of_one_image(fault, "bad_xml"))
            return
        path, below = self.image(name, root.find_text("filename") or root.find_text("path"))
        objects = [child for child in root.children if child.tag == "object"]
        annotations = tuple(one for child in objects for one in self.annotation(file, child))
        yield AnnotatedImage(path, below, listed, self.size(file, root), annotations)

    def image(self, name: str, stated: str | None) -> tuple[Path, str]:
        """The file of an image and its name: that of the annotation, or the one it states."""
        said = PurePosixPath(forward_slashes(stated)).name if stated else ""
        for folder in self.layout.images:
            for wanted in dict.fromkeys((name, str(PurePosixPath(name).with_name(said)) if said else name)):
                path = self.images.find(folder, wanted if wanted == name else stem_of(wanted), said)
                if path is not None:
                    return path, path.relative_to(folder).as_posix()
        suffix = PurePosixPath(said).suffix or ".jpg"
        return self.layout.images[0] / (name + suffix), name + suffix

    def size(self, file: Path, root: Element) -> Size | None:
        """The stated size; None for 0 × 0, which some tools write."""
        element = root.find("size")
        if element is None:
            return None
        texts = [element.find_text(side) for side in ("width", "height")]
        if texts in ([None, None], ["0", "0"]):
            return None
        try:
            return size_in_words(texts, "the size")
        except Wrong as wrong:
            self.faults.append(Fault(str(file), element.line, str(wrong), wrong.remedy, wrong.kind))
            return None

    def annotation(self, file: Path, element: Element) -> Iterator[Annotation]:
        """The object of an element; nothing, but a fault, if it has no name or box."""
        name, box = element.find_text("name"), element.find("bndbox")
        if name is None or box is None:
            lack = "name" if name is None else "bndbox"
            others = [child.tag for child in element.children if child.tag in OTHER_SHAPES]
            problem = f"the object has no {lack}" + (
                f", but {with_article(others[0])}" if others and name else ""
            )
            self.faults.append(Fault(str(file), element.line, problem, "add it", "bad_value"))
            return
        edges = [parse_finite(box.find_text(edge)) for edge in XML_EDGES]
        if None in edges:
            edge = XML_EDGES[edges.index(None)]
            problem = f"{edge} of {name!r} is {box.find_text(edge) or 'missing'}, expected a number"
            self.faults.append(Fault(str(file), box.line, problem, "write one", "bad_value"))
            return
        left, top, right, bottom = (edge or 0.0 for edge in edges)
        corners: Box = (pixels(left - 1), pixels(top - 1), pixels(right), pixels(bottom))
        self.left_out.update({child.tag for child in element.children} - KNOWN_FIELDS)
        if element.find_text("pose") not in (None, "Unspecified"):
            self.left_out["pose"] += 1
        difficult, truncated, occluded = (is_set(element.find_text(flag)) for flag in FLAGS)
        yield Annotation(
            corners,
            composed(name),
            SourceLocation(str(file), box.line),
            difficult=difficult,
            truncated=truncated,
            occluded=occluded,
        )


def is_set(text: str | None) -> bool:
    """Whether a flag is on, in any usual spelling."""
    return (text or "").lower() in ("1", "true", "yes")
