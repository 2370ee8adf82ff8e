"""Label Studio's labelling configuration: an XML of the controls, whose labels are classes in their order."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

from jumok.data.annotations.annotated import OBJECT_FLAGS
from jumok.data.annotations.documents.located_xml import Element, read_xml
from jumok.data.annotations.labelstudio.regions import FLAG_CHOICES
from jumok.data.annotations.palette import PALETTE
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.listing import composed
from jumok.data.tables.open_text import is_file

CONFIG_NAME = "label_config.xml"
CONTROLS = {
    "rectanglelabels": "RectangleLabels",
    "polygonlabels": "PolygonLabels",
    "brushlabels": "BrushLabels",
}
CONTROL_NAMES = {"rectanglelabels": "box", "polygonlabels": "polygon", "brushlabels": "brush"}
IMAGE_CONTROL = "image"


def config_labels(file: Path) -> tuple[list[str] | None, Path]:
    """The labels of the configuration beside a file of tasks, and the path of that; None if there is none."""
    path = file.parent / CONFIG_NAME
    if not is_file(path):
        return None, path
    try:
        root = read_xml(path)
    except UnreadableFile:
        return None, path
    return list(dict.fromkeys(labels_below(root))) or None, path


def labels_below(element: Element) -> Iterator[str]:
    """The values of all labels in an element, in their order."""
    for child in element.children:
        if child.tag == "Label" and child.attributes.get("value"):
            yield composed(child.attributes["value"]).strip()
        yield from labels_below(child)


def config_text(names: Sequence[str], types: Sequence[str], flags: bool) -> str:
    """A configuration for images with these labels.

    Args:
        names: The names of the classes, in their order.
        types: The types of results that are drawn: rectanglelabels, polygonlabels, brushlabels.
        flags: Whether objects may be marked as crowd, difficult, truncated or occluded.

    Returns:
        The XML.
    """
    lines = ["<View>", f'  <Image name="{IMAGE_CONTROL}" value="${IMAGE_CONTROL}"/>']
    for kind in types:
        lines.append(f'  <{CONTROLS[kind]} name="{CONTROL_NAMES[kind]}" toName="{IMAGE_CONTROL}">')
        for number, name in enumerate(names):
            red, green, blue = PALETTE[number % len(PALETTE)]
            lines.append(f'    <Label value={quoteattr(name)} background="#{red:02x}{green:02x}{blue:02x}"/>')
        lines.append(f"  </{CONTROLS[kind]}>")
    if flags:
        lines.append(
            f'  <Choices name="{FLAG_CHOICES}" toName="{IMAGE_CONTROL}" perRegion="true" choice="multiple">'
        )
        lines += [f'    <Choice value="{flag}"/>' for flag in OBJECT_FLAGS]
        lines.append("  </Choices>")
    return "\n".join([*lines, "</View>"]) + "\n"
