"""Windows of a long series as a source: which steps of it each input and output has."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.kinds.field_options import InputOptions, OutputOptions

if TYPE_CHECKING:
    from jumok.data.series.windows import Extent, WindowsSource


def windows_source(
    table: Path,
    past: int,
    rows: tuple[int, int | None],
    stride: int,
    time: str | None,
    calendar: Mapping[str, tuple[str, ...]],
    inputs: Mapping[str, InputOptions],
    outputs: Mapping[str, OutputOptions],
) -> "WindowsSource":
    """The source of windows of a table.

    Args:
        table: The file.
        past: Steps of the past.
        rows: The rows of the split, the last one excluded; None: up to the end.
        stride: Rows from one window to the next.
        time: The column of the clock, if it has another name than usual.
        calendar: Inputs that are made of the clock, each with its periods.
        inputs: Options of the inputs.
        outputs: Options of the outputs.

    Returns:
        The source.

    Raises:
        ValueError: An input is no series, or an output no forecast.
    """
    from jumok.data.series.windows import WindowsSource

    for name, one in inputs.items():
        if one.expected_series() is None:
            raise ValueError(f"windows give series; {name} is {one.kind}")
    unknown = [name for name in calendar if name not in inputs]
    if unknown:
        raise ValueError(f"calendar names inputs ({', '.join(inputs)}); {unknown[0]!r} is none")
    return WindowsSource(table, extents(past, calendar, inputs, outputs), rows, stride, time)


def extents(
    past: int,
    calendar: Mapping[str, tuple[str, ...]],
    inputs: Mapping[str, InputOptions],
    outputs: Mapping[str, OutputOptions],
) -> dict[str, "Extent"]:
    """The steps of each field, counted from the first one to come; ValueError if an output does not go on."""
    from jumok.data.series.windows import Extent

    horizons: dict[str, int] = {}
    for name, one in outputs.items():
        steps = one.steps_ahead()
        if steps is None:
            raise ValueError(f"windows give forecasts; {name} is {one.kind}")
        horizons[name] = steps
    ahead: dict[str, int] = {}  # steps to come that an input is known for
    for name, one in outputs.items():
        for known in one.known_ahead():
            if ahead.setdefault(known, horizons[name]) != horizons[name]:
                raise ValueError(
                    f"{known} is a covariate of outputs with different horizons; give each its own"
                )
    first = {name: Extent(-past, ahead.get(name, 0), tuple(calendar.get(name, ()))) for name in inputs}
    return {**first, **{name: Extent(0, horizon) for name, horizon in horizons.items()}}


def check_windows(splits: Mapping[str, tuple[Path | None, tuple[int, int | None]]], is_split: bool) -> None:
    """Refuse splits that are not by time.

    Args:
        splits: The table of each split, if it has windows, and its rows.
        is_split: Whether valid or test are shares of train.

    Raises:
        ValueError: Windows would be shared out at random, or the rows of two splits overlap.
    """
    if is_split and splits["train"][0] is not None:
        raise ValueError(
            "windows overlap, so that shares of them drawn at random would be in train and test; split them by time: "
            "give rows: of its own to train, valid and test instead of split:"
        )
    named = list(splits.items())
    for place, (name, (table, (first, end))) in enumerate(named):
        for other, (same, (begin, close)) in named[:place]:
            if table is None or table != same:
                continue
            if first < (math.inf if close is None else close) and begin < (math.inf if end is None else end):
                raise ValueError(
                    f"rows of {other} and {name} overlap ({told_rows(begin, close)} and {told_rows(first, end)}); let "
                    "each begin where the one before ends"
                )


def told_rows(first: int, end: int | None) -> str:
    """Rows as an experiment file writes them."""
    return f"[{first}, {'null' if end is None else end}]"
