"""The report on the images of an experiment, from reading its sources."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jumok.data.annotations.checking.summary import Summary, image_remarks, reading_remarks, twin_remarks
from jumok.data.tables.faults import Fault
from jumok.dataset.row_cache import CachedRows


@dataclass(frozen=True)
class SourceReport:
    """What the images of one source are like."""

    images: int
    smallest: str | None  # width × height
    largest: str | None
    objects: dict[str, int]  # by class
    pixels: dict[str, float]  # the share of each class in masks


@dataclass(frozen=True)
class ImageReport:
    """What all images are like."""

    sources: dict[str, SourceReport] = field(default_factory=dict)
    remarks: list[Fault] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As JSON."""
        return {name: asdict(source) for name, source in self.sources.items()}


def report_images(read: Mapping[str, CachedRows]) -> ImageReport:
    """What was found in the images of all sources; nothing if there are none."""
    summaries = {split: one.summary for split, one in read.items() if one.summary.has_images}
    remarks = [*reading_remarks(summaries.values()), *image_remarks(summaries.values())]
    sources = {split: source_report(summary, read[split]) for split, summary in summaries.items()}
    return ImageReport(sources, [*remarks, *twin_remarks(summaries)])


def source_report(summary: Summary, read: CachedRows) -> SourceReport:
    """The counts and classes of one source's images, from the summary of its reading."""
    whole = sum(summary.pixels.values())
    names = [one.name for one in read.classes]
    return SourceReport(
        summary.images,
        str(summary.smallest) if summary.smallest else None,
        str(summary.largest) if summary.largest else None,
        {name: summary.objects.get(name, 0) for name in names} if summary.objects else {},
        {name: summary.pixels.get(name, 0) / whole for name in names} if whole else {},
    )
