"""Changes the XML of one object of Pascal VOC, or writes one like those around it."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from jumok.data.annotations.annotated import FLAGS, Annotation, pixels, plain_number
from jumok.data.annotations.documents.located_xml import Element, parse_xml
from jumok.data.annotations.voc.reading import XML_EDGES
from jumok.labelling.objects.marks import SAME_PIXELS, ObjectMark
from jumok.labelling.objects.spans import OPENING_TAG

OBJECT_TAGS = ("name", "pose", *FLAGS, "bndbox")
Edit = tuple[int, int, bytes]


class XmlText:
    """An element with the bytes that it stands in."""

    def __init__(self, text: str, root: Element | None = None) -> None:
        self.data = text.encode()
        self.root = parse_xml(Path("object"), text) if root is None else root

    def is_single(self, element: Element) -> bool:
        """Whether an element is a single tag, such as <difficult/>."""
        end = self._opened(element)
        return self.data[end - 2 : end] == b"/>"

    def inside(self, element: Element) -> tuple[int, int]:
        """Where the content of an element begins and ends; behind it, if it is a single tag."""
        begin = self._opened(element)
        return begin, begin if self.is_single(element) else element.end

    def end(self, element: Element) -> int:
        """Where an element ends."""
        start, end = self.inside(element)
        return start if self.is_single(element) else self.data.index(b">", end) + 1

    def content(self, element: Element, text: str) -> Edit:
        """The change of an element's content."""
        new = escape(text).encode()
        if self.is_single(element):
            tag = element.tag.encode()
            return element.start, self.end(element), b"<" + tag + b">" + new + b"</" + tag + b">"
        return *self.inside(element), new

    def _opened(self, element: Element) -> int:
        """Where the opening tag of an element ends."""
        opening = OPENING_TAG.match(self.data, element.start)
        return opening.end() if opening else element.start

    def spaces(self, element: Element) -> tuple[str, str, str]:
        """The white space behind the opening tag, between children and before the closing tag."""
        start, end = self.inside(element)
        children = element.children
        if not children:
            return "", "", ""
        gaps = [(self.end(one), two.start) for one, two in zip(children, children[1:], strict=False)]
        opening = blank_end(self.data[start : children[0].start])
        between = blank_end(self.data[slice(*gaps[0])]) if gaps else opening
        return opening, between, blank_end(self.data[self.end(children[-1]) : end])


def changed_object(text: str, old: ObjectMark, new: ObjectMark) -> str:
    """The XML of an object with another class, box or flags; all else keeps its bytes.

    Args:
        text: The XML, with white space before it.
        old: What it says.
        new: What it shall say.

    Returns:
        The XML.
    """
    xml = XmlText(text)
    edits: list[Edit] = []
    name, box = xml.root.find("name"), xml.root.find("bndbox")
    if name is not None and old.name != new.name:
        edits.append(xml.content(name, new.name))
    for edge, before, after in zip(XML_EDGES, voc_edges(old), voc_edges(new), strict=True):
        element = box.find(edge) if box is not None else None
        if element is not None and abs(before - after) > SAME_PIXELS:
            edits.append(xml.content(element, plain_number(after)))
    added = ""
    for flag in FLAGS:
        element = xml.root.find(flag)
        if getattr(old, flag) == getattr(new, flag):
            continue
        if element is not None:
            edits.append(xml.content(element, str(int(getattr(new, flag)))))
        else:
            added += f"{xml.spaces(xml.root)[1]}<{flag}>{int(getattr(new, flag))}</{flag}>"
    if added:
        place = xml.end(xml.root.children[-1])
        edits.append((place, place, added.encode()))
    data = xml.data
    for start, end, made in sorted(edits, reverse=True):
        data = data[:start] + made + data[end:]
    return data.decode()


def object_like(one: Annotation, sibling: str) -> str:
    """The XML of a new object, written like another one.

    Args:
        one: The object.
        sibling: The XML of the other, with white space before it.

    Returns:
        The XML, with the same white space before it.
    """
    xml = XmlText(sibling)
    there = [child.tag for child in xml.root.children if child.tag in OBJECT_TAGS]
    tags = [tag for tag in dict.fromkeys(["name", *there]) if tag != "bndbox"]
    tags += [flag for flag in FLAGS if flag not in tags and getattr(one, flag)]
    box = xml.root.find("bndbox")
    edges = [child.tag for child in box.children if child.tag in XML_EDGES] if box else []
    lead = sibling[: len(sibling) - len(sibling.lstrip())]
    if box is None or len(edges) != len(XML_EDGES):
        return lead + object_xml(one, [*tags, "bndbox"], xml.spaces(xml.root))
    return lead + object_xml(one, [*tags, "bndbox"], xml.spaces(xml.root), edges, xml.spaces(box))


def object_xml(
    one: Annotation,
    tags: Sequence[str],
    spaces: tuple[str, str, str],
    edges: Sequence[str] = XML_EDGES,
    box_spaces: tuple[str, str, str] = ("", "", ""),
) -> str:
    """The XML of an object.

    Args:
        one: The object.
        tags: The elements, in their order.
        spaces: White space behind the opening tag, between elements and before the closing tag.
        edges: The edges of the box, in their order.
        box_spaces: White space in the box.

    Returns:
        The XML.
    """
    values = dict(zip(XML_EDGES, voc_edges(one), strict=True))
    texts = {"name": escape(one.name), "pose": "Unspecified"}
    texts |= {flag: str(int(getattr(one, flag))) for flag in FLAGS}
    sides = (f"<{edge}>{plain_number(values[edge])}</{edge}>" for edge in edges)
    texts["bndbox"] = box_spaces[0] + box_spaces[1].join(sides) + box_spaces[2]
    members = (f"<{tag}>{texts[tag]}</{tag}>" for tag in tags)
    return f"<object>{spaces[0]}{spaces[1].join(members)}{spaces[2]}</object>"


def voc_edges(one: Annotation | ObjectMark) -> tuple[float, float, float, float]:
    """The edges of a box as VOC counts pixels, from 1."""
    x1, y1, x2, y2 = one.box
    return pixels(x1 + 1), pixels(y1 + 1), x2, y2


def blank_end(data: bytes) -> str:
    """The white space at the end of bytes."""
    return data[len(data.rstrip()) :].decode()
