"""What is no fault of series, but good to know: channels that say nothing, samples that are missing, odd clocks."""

from collections.abc import Iterator

import numpy as np

from jumok.data.series.checking import clock_gaps, spring_hours
from jumok.data.series.clock import seconds_of, usual_distance
from jumok.data.series.signal import Series
from jumok.data.series.statistics import ChannelStatistics
from jumok.data.tables.faults import Fault

MANY_MISSING = 0.2  # of the samples of a channel, from which on it is told
SAME_DISTANCE = 0.05  # of distances between samples, relative


class SeriesFindings:
    """Counts what is odd in the series of one input; each kind is told once, with its first place."""

    def __init__(self, name: str, rate: float | None) -> None:
        self.name, self.rate = name, rate
        self._total: ChannelStatistics | None = None
        self._channels: tuple[str, ...] = ()
        self._place = Fault("", None, "", "", "")
        self._seen: dict[str, tuple[Fault, int]] = {}  # by kind: the first remark, and how many there are
        self._distance = 0.0  # seconds between samples in the first series with a clock

    def see(self, series: Series, place: Fault) -> None:
        """Note what a series is like that stands at a place."""
        here = ChannelStatistics.of(series.values)
        if self._total is None:
            self._channels, self._place = series.channels, place
        self._total = here if self._total is None else self._total.merge(here)
        for channel, count in zip(series.channels, here.measured, strict=True):
            if not count:
                problem = f"channel {channel!r} of {self.name} was never measured here"
                self._note(place, problem, "it counts as missing in this row", "unmeasured_channel")
        if series.times is not None and len(series.times) > 1:
            self._see_clock(series.times, place)

    def _see_clock(self, times: np.ndarray, place: Fault) -> None:
        """Note jumps of a clock, and distances that differ from the others or from `rate`."""
        usual = usual_distance(np.diff(seconds_of(times)))
        spring, gaps = spring_hours(times), clock_gaps(times)
        for kind, steps in (("daylight_saving", spring), ("clock_jump", np.setdiff1d(gaps, spring))):
            if len(steps):
                at = int(steps[0])
                problem = f"the clock of {self.name} jumps from {times[at]} to {times[at + 1]}"
                remedy = "its steps count as equally far apart; gaps: mark puts missing samples there"
                if kind == "daylight_saving":
                    problem += ", as clocks do in spring"
                    remedy = "write times in UTC or with their offset if no hour is missing"
                self._note(place, problem, remedy, kind)
        wanted = 1 / self.rate if self.rate else self._distance
        self._distance = self._distance or usual
        if wanted and usual and abs(usual - wanted) > SAME_DISTANCE * wanted:
            why = (
                f"rate: {self.rate:g} says {wanted:g}"
                if self.rate
                else f"in the first series they are {wanted:g}"
            )
            problem = f"the samples of {self.name} are {usual:g} apart, but {why}"
            self._note(place, problem, "resample the recordings alike, if they should be", "other_rate")

    def _note(self, place: Fault, problem: str, remedy: str, kind: str) -> None:
        first, count = self._seen.get(kind, (place._replace(problem=problem, remedy=remedy, kind=kind), 0))
        self._seen[kind] = (first, count + 1)

    def remarks(self) -> Iterator[Fault]:
        """A sentence for each kind of remark, once all series were seen."""
        for first, count in self._seen.values():
            more = f" (and so in {count - 1:,} more)" if count > 1 else ""
            yield first._replace(problem=first.problem + more)
        total = self._total
        if total is None:
            return
        place = self._place._replace(line=None)
        for number, channel in enumerate(self._channels):
            what = f"channel {channel!r} of {self.name}"
            if total.measured[number] and total.lowest[number] >= total.highest[number]:
                problem = f"{what} is {total.lowest[number]:g} everywhere"
                remedy = "nothing can be learned from it; leave it out by channels:"
                yield place._replace(problem=problem, remedy=remedy, kind="constant_channel")
            if total.missing[number] >= MANY_MISSING:
                problem = f"{100 * total.missing[number]:.0f} % of the samples of {what} were not measured"
                remedy = "they are masked; check that they are meant to be missing"
                yield place._replace(problem=problem, remedy=remedy, kind="missing_samples")
