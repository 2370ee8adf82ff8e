"""What the images of an experiment are like, and what is wrong with them: each one is decoded."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jumok.data.annotations.checking import check
from jumok.data.annotations.masks import class_numbers
from jumok.data.annotations.picture import AnnotatedSet, Picture, Place
from jumok.data.faults import Fault, UnreadableFile
from jumok.data.images import Size, read_header, read_mask
from jumok.dataset.importing import FATAL, Imported, import_source
from jumok.dataset.prepare import Prepared
from jumok.experiment.options import Experiment
from jumok.experiment.sources import ANNOTATED, SourceOptions
from jumok.kinds.fitting import Fields

# Faults that reading the rows alone does not find, so that a training would stumble over them.
STUMBLES = frozenset({"undecodable_image", "too_large_image", "mask_size", "unknown_class"})


@dataclass(frozen=True)
class SourceReport:
    """What the images of one source are like."""

    images: int
    smallest: str | None  # width × height
    largest: str | None
    objects: dict[str, int]  # by class
    pixels: dict[str, float]  # the share of each class in masks


@dataclass(frozen=True)
class PictureReport:
    """What all images are like."""

    sources: dict[str, SourceReport] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    remarks: list[Fault] = field(default_factory=list)
    annotated: frozenset[str] = frozenset()  # sources whose every fault is among these
    broken: bool = False  # an image of a table cannot be read, so that nothing can be made of it

    def fatal_count(self, read: Mapping[str, Imported]) -> int:
        """Faults that no training can skip, some of which were not found when the rows were `read`."""
        if self.broken:
            return len(self.faults)
        known = {place_of(fault) for imported in read.values() for fault in imported.faults}
        late = [one for one in self.faults if one.kind in STUMBLES and place_of(one) not in known]
        return len(late) + sum(one.kind in FATAL for one in self.faults)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {name: asdict(source) for name, source in self.sources.items()}


def place_of(fault: Fault) -> tuple[str, int | None, str]:
    return fault.file, fault.line, fault.kind


def look_at_images(experiment: Experiment) -> PictureReport:
    """Decode every image of an experiment; nothing to tell where it has none."""
    columns = [name for name, options in experiment.inputs.items() if options.kind == "image"]
    if not columns:
        return PictureReport()
    sets, tables = {}, {}
    for part, source in experiment.data.sources():
        if source.format in ANNOTATED:
            sets[part] = source.read()
        else:
            tables[part] = set_of_table(experiment, source, columns)
    annotated, listed = check(sets), check(tables)
    by_path = {str(picture.path): picture for data in tables.values() for picture in data.pictures}
    listed_faults = [at_line(fault, by_path) for fault in listed.faults]
    return PictureReport(
        {name: source_report(data) for name, data in {**sets, **tables}.items()},
        [*annotated.faults, *listed_faults],
        [*annotated.remarks, *listed.remarks],
        frozenset(sets),
        bool(listed_faults),
    )


def set_of_table(experiment: Experiment, source: SourceOptions, columns: list[str]) -> AnnotatedSet:
    """The images that a table lists, each once."""
    rows = import_source(source.build(experiment.inputs, experiment.outputs))
    found: dict[Path, Picture] = {}
    for i in range(len(rows.store)):
        place = Place(str(rows.files[0]), rows.store.line(i))
        for column in columns:
            name = rows.store.text(column, i)
            found.setdefault(rows.root / name, Picture(rows.root / name, name, place))
    return AnnotatedSet((), tuple(found.values()))


def at_line(fault: Fault, listed: Mapping[str, Picture]) -> Fault:
    """A fault of an image file, told at the line that lists the file."""
    picture = listed.get(fault.file)
    if picture is None:
        return fault
    return picture.place.fault(f"{picture.path} {fault.problem}", fault.remedy, fault.kind)


def only_read(experiment: Experiment) -> Prepared:
    """The rows of all sources with their faults, and nothing made of them."""
    sources = experiment.data.sources()
    read = {part: import_source(one.build(experiment.inputs, experiment.outputs)) for part, one in sources}
    return Prepared(Fields({}, {}), faults=read)


def source_report(data: AnnotatedSet) -> SourceReport:
    """Counts of a set; images that cannot be read have no size."""
    sizes = sorted(sizes_of(data), key=lambda size: size.width * size.height)
    counts = Counter(one.name for picture in data.pictures for one in picture.annotations)
    return SourceReport(
        len(data.pictures),
        str(sizes[0]) if sizes else None,
        str(sizes[-1]) if sizes else None,
        {name: counts[name] for name in data.names} if counts else {},
        pixel_shares(data),
    )


def sizes_of(data: AnnotatedSet) -> Iterator[Size]:
    for picture in data.pictures:
        try:
            yield read_header(picture.path).size
        except UnreadableFile:
            continue


def pixel_shares(data: AnnotatedSet) -> dict[str, float]:
    """The share of the known pixels of masks that each class has; empty where there are no masks."""
    totals: Counter[int] = Counter()
    for picture in data.pictures:
        try:
            mask = None if picture.mask is None else read_mask(picture.mask)
        except UnreadableFile:
            continue
        if mask is not None:
            values, counts = np.unique(class_numbers(mask, data), return_counts=True)
            totals.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
    known = {one.name: totals[one.id] for one in data.classes if one.id is not None}
    whole = sum(known.values())
    return {name: count / whole for name, count in known.items()} if whole else {}
