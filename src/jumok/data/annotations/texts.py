"""Texts beside annotated images: columns of a table that names each image, or fields of the image in its own file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet
from jumok.data.row import Row
from jumok.data.tables.faults import Fault
from jumok.data.tables.sources import TableSource


class TextColumns(NamedTuple):
    """The fields of an experiment that are read beside annotated images."""

    names: tuple[str, ...]
    optional: tuple[str, ...] = ()  # of these, images may lack


def join_texts(data: AnnotatedSet, table: Path, image: str, columns: TextColumns) -> AnnotatedSet:
    """Add the texts of a table to the images that it names; an image with several rows becomes several examples.

    Args:
        data: The annotated images.
        table: The table.
        image: The column of the names of images, as their annotations name them.
        columns: The columns of texts.

    Returns:
        The images that have a row, in the order of the table, with a fault in place of each row without image.
    """
    names = {name: name for name in (image, *columns.names)}
    source = TableSource(table, names, optional=columns.optional, inputs=1)
    by_name = {name: one for one in data.images for name in reversed(names_of(one))}
    found: list[AnnotatedImage] = []
    faults = list(data.faults)
    for row in source.rows():
        if not isinstance(row, Row):
            faults.append(row)
            continue
        name, *texts = row.values
        if name not in by_name:
            problem = f"names the image {name!r}, which has no annotations"
            remedy = f"correct the name, or remove the row; the first is {next(iter(by_name), 'missing')!r}"
            faults.append(Fault(str(table), row.line, problem, remedy, "unknown_image"))
            continue
        found.append(replace(by_name[name], texts=tuple(zip(columns.names, texts, strict=True))))
    named = {one.path for one in found}
    lacking = [] if not found else [one for one in data.images if one.path not in named]
    faults += [no_texts(one, table) for one in lacking]
    files = (*data.looked_at, *source.watched)
    return replace(data, images=tuple(found), faults=tuple(faults), looked_at=files)


def names_of(image: AnnotatedImage) -> Sequence[str]:
    """What a table may call an image, the surest name first."""
    return list(dict.fromkeys((image.name, PurePosixPath(image.name).name)))


def no_texts(image: AnnotatedImage, table: Path) -> Fault:
    """The fault of an image that a table of texts does not name."""
    problem, remedy = f"{image.name!r} has no row in {table}", "add one, or remove the image"
    return image.place.fault(problem, remedy, "missing_text")


def require_texts(data: AnnotatedSet, columns: TextColumns, file: Path) -> AnnotatedSet:
    """The images whose own file has all texts that are not optional, and faults in place of the others.

    Args:
        data: The images.
        columns: The columns that hold texts.
        file: The annotation file, for a fault that concerns all images.

    Returns:
        The images that have all texts, with a fault for each text that is missing.
    """
    for name in columns.names:
        if data.images and not any(dict(image.texts).get(name) for image in data.images):
            problem = f"no image has a field {name!r}"
            remedy = f"write one into each image, or say columns: {{{name}: FIELD}} or texts: TABLE"
            return AnnotatedSet(
                data.classes, (), (*data.faults, Fault(str(file), None, problem, remedy, "unknown_column"))
            )
    faults = list(lacking_texts(data.images, columns))
    whole = tuple(image for image in data.images if not missing(image, columns))
    return replace(data, images=whole, faults=(*data.faults, *faults))


def lacking_texts(images: Sequence[AnnotatedImage], columns: TextColumns) -> Iterator[Fault]:
    """The fault of each image that lacks a text."""
    for image in images:
        if lost := missing(image, columns):
            problem = f"the image {image.name!r} has no field {lost[0]!r}, or an empty one"
            yield image.place.fault(problem, "write a text into it, or remove the image", "missing_text")


def missing(image: AnnotatedImage, columns: TextColumns) -> list[str]:
    """The texts that an image must have and does not."""
    texts: Mapping[str, str] = dict(image.texts)
    return [name for name in columns.names if name not in columns.optional and not texts.get(name)]
