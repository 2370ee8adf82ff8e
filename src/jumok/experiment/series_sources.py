"""Readers of series by the options of a source: arrays, and long tables of recordings."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.data.series.array_source import ArraySource
from jumok.data.series.recordings import RecordingSource
from jumok.data.series.rows import SeriesExpectation, SeriesRows
from jumok.experiment.reading import NamedInputs
from jumok.experiment.table_sources import NamedColumns, NamedOutputs, joinings
from jumok.kinds.options import FieldOptions

if TYPE_CHECKING:
    from jumok.data.tables.rows import Source
    from jumok.experiment.sources import SourceOptions

OF_RECORDINGS = ("id", "time", "group")  # columns of a long table beside the channels


def with_series(source: "Source", fields: Mapping[str, FieldOptions]) -> "Source":
    """Wrap a reader so that series are read and checked."""
    return SeriesRows(source, expected_series(fields))


def expected_series(fields: Mapping[str, FieldOptions]) -> dict[str, SeriesExpectation]:
    """What the series of inputs and outputs must be like, by name."""
    expected = {name: one.expected_series() for name, one in fields.items()}
    return {name: one for name, one in expected.items() if one is not None}


def series_names(inputs: NamedInputs, what: str) -> tuple[str, ...]:
    """The inputs that are series; ValueError if there is none, or an image, which `what` does not hold."""
    series = tuple(expected_series(inputs))
    images = [name for name, one in inputs.items() if one.is_image]
    if images or not series:
        wrong = f"{images[0]} is an image" if images else "no input is a series"
        raise ValueError(
            f"{what} hold series, and numbers or texts beside them, but {wrong}; name a table instead"
        )
    return series


def array_source(
    path: Path, columns: NamedColumns, inputs: NamedInputs, outputs: NamedOutputs
) -> ArraySource:
    """The source for arrays.

    Args:
        path: A .npz file, or a folder of .npy files.
        columns: The array of each name, if it is called otherwise.
        inputs: Options of the inputs.
        outputs: Options of the outputs.

    Returns:
        The source.

    Raises:
        ValueError: A column is neither input nor output, or no input is a series.
    """
    names = (*inputs, *outputs)
    extra = [name for name in columns if name not in names]
    if extra:
        raise ValueError(f"columns name inputs and outputs ({', '.join(names)}); {extra[0]!r} is neither")
    joinings(columns, outputs)  # refuses what cannot be joined
    given = {name: columns.get(name, name) for name in names}
    theirs = {
        name: tuple(map(str, one)) if isinstance(one, tuple) else str(one) for name, one in given.items()
    }
    series = (*series_names(inputs, "arrays"), *expected_series(outputs))
    joined = {name: how for name, one in outputs.items() if (how := one.joining()) is not None}
    return ArraySource(path, theirs, series, joined)


def recording_source(source: "SourceOptions", inputs: NamedInputs, outputs: NamedOutputs) -> RecordingSource:
    """The source for a long table of recordings; ValueError if columns are missing or unknown.

    Args:
        source: The options under `data`.
        inputs: The inputs by name.
        outputs: The outputs by name.

    Returns:
        The source.

    Raises:
        ValueError: Columns are missing or unknown.
    """
    series = series_names(inputs, "recordings")
    others = [name for name in (*inputs, *outputs) if name not in series]
    if ahead := list(expected_series(outputs)):
        raise ValueError(
            f"recordings give no {outputs[ahead[0]].kind}; cut a table into a past and what follows it by windows:"
        )
    columns = {name: str(column) for name, column in (source.columns or {}).items()}
    extra = [name for name in columns if name not in (*OF_RECORDINGS, *others)]
    if extra:
        known = ", ".join((*OF_RECORDINGS, *others))
        raise ValueError(f"columns of recordings are {known}; {extra[0]!r} is none of them")
    if "id" not in columns:
        raise ValueError("recordings need the column of ids, like columns: {id: subject}")
    for name, expected in expected_series(inputs).items():
        if expected.channels is None:
            raise ValueError(
                f"recordings have ids and labels beside their channels; name the channels of {name}, "
                "like channels: [x, y]"
            )
    return RecordingSource(
        source.recordings or Path(),
        {name: columns.get(name, name) for name in others},
        series,
        columns["id"],
        columns.get("time"),
        columns.get("group"),
        source.window,
        source.stride,
        source.stretches,
    )
