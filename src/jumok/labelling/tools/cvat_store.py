"""Objects in CVAT's XML, one file for all images: a change replaces the element of its image only."""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from jumok.data.annotations.coco.fields import Wrong
from jumok.data.annotations.cvat.reading import CvatReader, check_root, element_size, task_labels
from jumok.data.annotations.documents.located_xml import Element, parse_xml, xml_encoding, xml_text
from jumok.data.tables.open_text import is_folder
from jumok.files import write_file_atomically
from jumok.labelling.files.cut_file import CutFile
from jumok.labelling.files.text_bytes import decompressed
from jumok.labelling.files.xml_editing import element_span, with_child
from jumok.labelling.objects.annotation_store import AnnotationStore
from jumok.labelling.objects.annotation_text import ItemText, ReadText, WantedObject, grouped_objects
from jumok.labelling.objects.image_folder import ImageFolder, image_size
from jumok.labelling.objects.item_texts import ItemTexts, OneFileForm
from jumok.labelling.refusals import file_is_gone, not_utf8
from jumok.labelling.tools.cvat_changes import ElementChange


def cvat_store(
    file: Path,
    images: Path | None = None,
    split: str | None = None,
    excluded: Collection[Path] = (),
    classes: Sequence[str] | None = None,
    input: str = "image",
) -> AnnotationStore:
    """The objects in a file of CVAT.

    Args:
        file: The file, or the folder of an annotations.xml.
        images: The folder where names of images start; searched for by default.
        split: The subset, if there are any; all by default.
        excluded: Images that belong to other splits.
        classes: The names of the classes; by default the labels of the task, or else those that occur, sorted.
        input: The name of the image among the inputs of a model.

    Returns:
        The store.
    """
    form = CvatForm(file / "annotations.xml" if is_folder(file) else file, images, split)
    return AnnotationStore(form, ImageFolder(form.folder, excluded), classes, input)


class CvatForm(OneFileForm):
    """A file of CVAT."""

    format = "cvat"

    def __init__(self, file: Path, images: Path | None, split: str | None) -> None:
        self.place, self.folder = file, images or file.parent
        self._images, self._split = images, split
        self._texts = ItemTexts(file, self._load)
        self._labels: list[str] = []
        self._subset = split or ""  # as the file spells it
        self.items()

    def read(self, item: ItemText) -> ReadText:
        """The objects of the shapes that have an area, and what is wrong with others."""
        reader, element = CvatReader(self.place, self._split), self._element(item)
        try:
            size = element_size(element)
        except Wrong:
            size = None
        keyed = [
            (number, key, one)
            for number, child in enumerate(element.children)
            for key, one in reader.annotation(child, size)
        ]
        before = self._texts.cut.line_of(self._texts.place(item.key)) - 1 if reader.faults else 0
        faults = [fault._replace(line=before + (fault.line or 1)) for fault in reader.faults]
        return ReadText(grouped_objects(keyed), tuple(map(str, faults)))

    def rewritten(self, item: ItemText, read: ReadText, wanted: Sequence[WantedObject]) -> str:
        """The element of an image with the wanted objects in it."""
        if item.text is None:
            item = ItemText(item.key, item.image, self._new_element(item))
        return ElementChange(item.text or "", self._element(item)).changed(read.objects, wanted)

    def put(self, item: ItemText, text: str) -> None:
        """Write the file with another element of an image."""
        self._texts.put(item, text, gaps_with_one_more)

    def known_classes(self) -> Sequence[str]:
        """The labels of the task."""
        self.items()
        return self._labels

    def add_class(self, name: str) -> None:
        """Add a label to those of the task, if the file has them."""
        cut = self._texts.cut
        text = cut.text
        root = parse_xml(self.place, text)
        meta = root.find("meta")
        parts = [meta.find(part) for part in ("task", "project", "job")] if meta else []
        labels = next((found for part in parts if part and (found := part.find("labels"))), None)
        if labels is None or labels.start >= len(cut.gaps[0].encode()):
            return
        data = text.encode()
        start, end = element_span(data, labels)
        label = f"<label><name>{escape(name)}</name><type>any</type><attributes></attributes></label>"
        changed = with_child(data[start:end].decode(), label, "        ")
        head = (data[:start] + changed.encode() + data[end:]).decode()
        longer = len(cut.gaps[0]) + len(head) - len(text)
        self._texts.replace(CutFile([head[:longer], *cut.gaps[1:]], cut.texts))
        self._labels.append(name)

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """A copy of the file."""
        self.items()
        target = folder / "annotations.xml"
        write_file_atomically(target, self._texts.cut.text.encode())
        split = {} if self._split is None else {"split": self._split}
        return {"cvat": str(target.absolute()), "images": str(self.folder.absolute()), **split}

    def _load(self, data: bytes | None) -> None:
        """Cut what stands on the disk; raises UnreadableFile."""
        if data is None:
            raise file_is_gone(self.place)
        plain = decompressed(self.place, data)
        declared, encoding = xml_encoding(plain)
        if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
            raise not_utf8(self.place, declared)
        text = xml_text(self.place, plain)
        if "\0" in text:  # UTF-16 that does not say so
            raise not_utf8(self.place, "utf-16")
        root = parse_xml(self.place, text)
        check_root(self.place, root)
        elements = [child for child in root.children if child.tag == "image"]
        whole, borders = text.encode(), [0]
        for element in elements:
            borders += element_span(whole, element)
        parts = [whole[a:b].decode() for a, b in zip(borders, [*borders[1:], len(whole)], strict=True)]
        self._texts.cut = CutFile(parts[::2], parts[1::2])
        self._labels = list(task_labels(root) or [])
        wanted = (self._split or "").lower()
        self._find(
            [
                (place, element)
                for place, element in enumerate(elements)
                if not wanted or element.attributes.get("subset", "").lower() == wanted
            ]
        )

    def _find(self, elements: Sequence[tuple[int, Element]]) -> None:
        """Find the images of elements."""
        if self._split is not None and elements:
            self._subset = elements[0][1].attributes.get("subset", "")
        reader = CvatReader(self.place, self._split)
        read = [
            (place, element, one) for place, element in elements for one in reader.annotated_image(element)
        ]
        found = reader.placed([element for _, element, _ in read], [one for _, _, one in read], self._images)
        self.folder = found.folder
        self._texts.clear()
        for (place, _, _), image in zip(read, found.images, strict=True):
            self._texts.add(image.name, image.path, place)

    def _element(self, item: ItemText) -> Element:
        return parse_xml(self.place, item.text or "")

    def _new_element(self, item: ItemText) -> str:
        """The element of an image that the file does not list yet."""
        size = image_size(item.image)
        ids = [re.search(r'\bid="(\d+)"', text) for text in self._texts.cut.texts]
        number = max((int(found[1]) for found in ids if found), default=-1) + 1
        subset = f" subset={quoteattr(self._subset)}" if self._subset else ""
        named = f'<image id="{number}" name={quoteattr(item.key)}{subset}'
        return f'{named} width="{size.width}" height="{size.height}">\n  </image>'


def gaps_with_one_more(cut: CutFile) -> list[str]:
    """The gaps of a file to which an element is added, behind the last one."""
    if cut.texts:
        return [*cut.gaps[:-1], cut.gaps[-2] if len(cut.texts) > 1 else "\n  ", cut.gaps[-1]]
    head, closing, tail = cut.gaps[0].rpartition("</")
    return [f"{head.rstrip()}\n  ", f"\n{closing}{tail}"]
