"""Writes Pascal VOC: an XML file for each image, and the list of each split."""

from pathlib import Path
from xml.sax.saxutils import escape

from jumok.data.annotations.annotated import (
    FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    pixels,
    plain_number,
)
from jumok.data.annotations.voc.reading import XML_EDGES


def write_voc(data: AnnotatedSet, folder: Path, split: str) -> None:
    """Write the annotations and the list of a split, not the images.

    Args:
        data: The set.
        folder: The folder of the data set.
        split: Name of the split.
    """
    for image in data.images:
        file = folder / "Annotations" / f"{image.stem}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(voc_text(image), encoding="utf-8")
    lists = folder / "ImageSets" / "Main" / f"{split}.txt"
    lists.parent.mkdir(parents=True, exist_ok=True)
    lists.write_text("".join(f"{image.stem}\n" for image in data.images), encoding="utf-8")


def voc_text(image: AnnotatedImage) -> str:
    """The annotations of an image as VOC's XML."""
    size = image.known_size()
    objects = "".join(map(object_text, image.annotations))
    return (
        "<annotation>\n"
        "\t<folder>JPEGImages</folder>\n"
        f"\t<filename>{escape(image.name)}</filename>\n"
        f"\t<size><width>{size.width}</width><height>{size.height}</height><depth>3</depth></size>\n"
        "\t<segmented>0</segmented>\n"
        f"{objects}"
        "</annotation>\n"
    )


def object_text(one: Annotation) -> str:
    """An annotation as an XML element of VOC."""
    x1, y1, x2, y2 = one.box
    edges = zip(XML_EDGES, (pixels(x1 + 1), pixels(y1 + 1), x2, y2), strict=True)
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
