"""Readers of rows, wrapped so that the files that cells name are checked and read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from jumok.kinds.field_options import InputOptions
from jumok.kinds.options import FieldOptions

if TYPE_CHECKING:
    from jumok.data.tables.sources import Source

NamedInputs = Mapping[str, InputOptions]


def with_images(source: "Source", inputs: NamedInputs) -> "Source":
    """Wrap a reader so that paths of images are checked and read."""
    from jumok.data.annotations.image_rows import ImageRows

    images = tuple(name for name, one in inputs.items() if one.is_image)
    return ImageRows(source, images) if images else source


def with_clips(source: "Source", inputs: NamedInputs) -> "Source":
    """Wrap a reader so that clips of frames are looked at."""
    found = {name: one.frame_sampling() for name, one in inputs.items()}
    samplings = {name: one for name, one in found.items() if one is not None}
    if not samplings:
        return source
    from jumok.data.clips.rows import ClipRows

    return ClipRows(source, samplings)


def with_tabled_series(source: "Source", fields: Mapping[str, FieldOptions]) -> "Source":
    """Wrap a reader so that paths of series are checked and read."""
    if not any(one.expected_series() for one in fields.values()):
        return source
    from jumok.experiment.series_sources import with_series

    return with_series(source, fields)
