"""A recorded signal, and the faults of its values."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jumok.data.tables.faults import fail
from jumok.wording import quantity


class Series(NamedTuple):
    """A signal of one or more channels."""

    values: np.ndarray  # (T, C) float32, NaN where nothing was measured
    channels: tuple[str, ...]  # their names; "1", "2", ... where they have none
    times: np.ndarray | None = None  # (T,) float64, or datetime64[ms] of dates; None without a clock

    @property
    def names(self) -> tuple[str, ...] | None:
        """The names of the channels; None if they have only numbers."""
        return None if self.channels == numbered(len(self.channels)) else self.channels


def name_channels(file: str, count: int, channels: Sequence[str] | None) -> tuple[str, ...]:
    """The names of channels that stand without names.

    Args:
        file: The file, for the fault.
        count: How many there are.
        channels: Their names, in this order; None numbers them.

    Returns:
        The names.

    Raises:
        UnreadableFile: There are more or fewer.
    """
    if channels is None:
        return numbered(count)
    if len(channels) != count:
        problem = f"has {quantity(count, 'channel')}, expected {len(channels)}: {', '.join(channels)}"
        raise fail(file, None, problem, "correct channels: of the input, or the file", "channel_count")
    return tuple(channels)


def numbered(count: int) -> tuple[str, ...]:
    """The names of channels that have none: their numbers, from 1."""
    return tuple(str(number + 1) for number in range(count))


def as_samples(
    file: str,
    values: np.ndarray,
    lines: Sequence[int] | np.ndarray | None = None,
    names: Sequence[str] | None = None,
) -> np.ndarray:
    """Values of any numeric type as float32.

    Args:
        file: The file, for the fault.
        values: The values (T, C).
        lines: The line of each time step, if they are known.
        names: The columns of the channels, if they have names.

    Returns:
        The samples (T, C).

    Raises:
        UnreadableFile: One is infinite or too large.
    """
    with np.errstate(over="ignore"):
        samples = values.astype(np.float32)
    infinite = np.argwhere(np.isinf(samples))
    if len(infinite):
        step, channel = infinite[0].tolist()
        remedy = "write a number that fits into 32 bits, or leave it empty where nothing was measured"
        what = f"has {values[step, channel]} in channel {channel + 1} at time step {step}"
        if names is not None:
            what = f"column {names[channel]!r} holds {values[step, channel]}"
        line = None if lines is None else int(lines[step])
        raise fail(file, line, f"{what}, expected a finite number", remedy, "infinite_value")
    return samples
