"""Detect series: long tables of recordings, tables that name files of series, and long series to forecast."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from jumok.data.series.clock import TIME_COLUMNS, parse_time
from jumok.data.series.opened import NOT_MEASURED, TABLE_SUFFIXES, open_signal_table
from jumok.data.tables.faults import UnreadableFile

SourceSettings = dict[str, Any]  # as under train:
LOOKED_AT_ROWS = 20_000  # of a table
MOST_LABELS = 20  # different whole numbers that are believed to be classes
SERIES_FILES = (*TABLE_SUFFIXES, ".npy")
ID_NAMES = ("id", "recording", "trial", "sequence", "series", "episode", "session", "unit", "segment")
GROUP_NAMES = ("person", "subject", "user", "participant", "patient", "machine")
ANSWER_NAMES = ("label", "labels", "y", "target", "class", "activity", "category", "value")
CLOCK_NAMES = TIME_COLUMNS | {"t", "seconds", "step"}
LONG_RECORDING = 512  # rows, from which on recordings are cut into windows
SHORTEST_TO_FORECAST = 50  # rows
SEASONS = {900.0: 96, 1800.0: 48, 3600.0: 24, 86400.0: 7}  # steps of a day, or week, by seconds of a step


@dataclass(frozen=True)
class FoundField:
    """An input or output that data hold, and what an experiment file says of it beside its kind."""

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FoundSeries:
    """Detected series with what is answered to them."""

    inputs: tuple[FoundField, ...]
    outputs: tuple[FoundField, ...]
    source: SourceSettings  # of train, or of each split
    splits: Mapping[str, SourceSettings] = field(default_factory=dict)  # what differs in each split
    notes: tuple[str, ...] = ()  # comments about the data


class TableHead:
    """The first rows of a table, column by column."""

    def __init__(self, path: Path) -> None:
        """Raises UnreadableFile where it is no table of such a form."""
        opened = open_signal_table(path)
        rows = list(islice(opened.rows, LOOKED_AT_ROWS))
        self.path = path
        self.is_whole = next(opened.rows, None) is None
        self.rows = len(rows)
        names = opened.names or []
        self.columns = {
            name: [row.cells[place].strip() for row in rows]
            for place, name in enumerate(names)
            if names.count(name) == 1
        }

    def is_number(self, name: str) -> bool:
        """Whether a column holds numbers, some of which may be missing."""
        return all(map(is_sample, self.columns[name])) and any(map(is_measured, self.columns[name]))

    def is_clock(self, name: str) -> bool:
        """Whether a column holds times that only grow."""
        times = [parse_time(cell) for cell in self.columns[name]]
        return None not in times and all(a < b for a, b in zip(times, times[1:], strict=False))  # type: ignore[operator]


def is_sample(cell: str) -> bool:
    """Whether a cell is a number or says that nothing was measured."""
    return not is_measured(cell) or isinstance(parse_time(cell), float)


def is_measured(cell: str) -> bool:
    """Whether a cell says something."""
    return cell.casefold() not in NOT_MEASURED


def find_series_table(path: Path) -> FoundSeries | None:
    """Detect what the series in a table are, if there are any."""
    try:
        head = TableHead(path)
    except UnreadableFile:
        return None
    if not head.columns or not head.rows:
        return None
    return find_listed(head) or find_long_series(head) or find_recordings(head)


def is_recording(path: Path) -> bool:
    """Whether a table holds numbers alone, beside a clock."""
    try:
        head = TableHead(path)
    except UnreadableFile:
        return False
    return bool(head.columns) and all(head.is_number(name) or head.is_clock(name) for name in head.columns)


def answer_field(name: str, cells: Sequence[str]) -> FoundField:
    """A label, or a value where cells are numbers that are fractions or many."""
    numbers = [parse_time(cell) for cell in cells]
    floats = [one for one in numbers if isinstance(one, float)]
    different = set(floats)
    are_values = len(floats) == len(cells) and (
        len(different) > MOST_LABELS or any(not one.is_integer() for one in different)
    )
    return FoundField(name, "values" if are_values else "label")


def chosen_answer(names: Sequence[str]) -> str:
    """The column to answer: one of a usual name, or the last."""
    return next((name for name in names if name.casefold() in ANSWER_NAMES), names[-1])


def others_note(names: Sequence[str]) -> tuple[str, ...]:
    """The comment about columns that are not used."""
    return (f"not used: {', '.join(names)}",) if names else ()


def series_settings(length: int, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The settings of an input of so many time steps: stretches that fit into it."""
    if length >= 64:
        return dict(more or {})
    patch = max(1, min(16, length // 4))
    return {
        **(more or {}),
        "encoder": {"kind": "patches", "patch": patch, "stride": max(1, patch // 2), "layers": 3},
    }


def find_listed(head: TableHead) -> FoundSeries | None:
    """Detect a table whose cells are paths of series."""
    files = [name for name, cells in head.columns.items() if all(map(names_series(head.path.parent), cells))]
    others = [name for name in head.columns if name not in files]
    if not files or not others:
        return None
    answer = chosen_answer(others)
    lengths = [count_steps(head.path.parent / head.columns[name][0]) for name in files]
    inputs = [
        FoundField(name, "series", series_settings(length))
        for name, length in zip(files, lengths, strict=True)
    ]
    notes = others_note([name for name in others if name != answer])
    output = answer_field(answer, head.columns[answer])
    return FoundSeries(tuple(inputs), (output,), {"table": head.path}, notes=notes)


def names_series(folder: Path) -> Any:
    """A test of cells: whether each names a file of a series that exists below a folder."""
    return lambda cell: cell.lower().endswith(SERIES_FILES) and (folder / cell).is_file()


def count_steps(path: Path) -> int:
    """How many time steps a file has; 64 where it cannot be read."""
    from jumok.data.series.cells import read_series

    try:
        return len(read_series(path.name, path.parent).values)
    except UnreadableFile:
        return 64  # `jumok check` tells why


def find_long_series(head: TableHead) -> FoundSeries | None:
    """Detect a table of times and numbers: one long series to forecast."""
    clocks = [name for name in head.columns if name.casefold() in CLOCK_NAMES]
    dates = [name for name in head.columns if not head.is_number(name)]
    clock = next(iter([*clocks, *dates]), None)
    channels = [name for name in head.columns if name != clock]
    if clock is None or not channels or head.rows < SHORTEST_TO_FORECAST:
        return None
    if not head.is_clock(clock) or not all(map(head.is_number, channels)):
        return None
    total = head.rows if head.is_whole else sum(1 for _ in open_signal_table(head.path).rows)
    horizon = max(1, min(24, total // 20))
    past = 4 * horizon
    ends = (total * 7 // 10, total * 8 // 10)
    rows = {"train": [0, ends[0]], "valid": [ends[0], ends[1]], "test": [ends[1], None]}
    season = SEASONS.get(usual_step(head.columns[clock]), 1)
    ahead = {"horizon": horizon, "channels": channels, **({"season": season} if 1 < season <= past else {})}
    usual = clock.casefold() in TIME_COLUMNS
    time = {} if usual else {"time": clock}
    return FoundSeries(
        (FoundField("past", "series", series_settings(past, {"channels": channels, **time})),),
        (FoundField("next", "forecast", ahead),),
        {"windows": head.path, "past": past, **time},
        {split: {"rows": span} for split, span in rows.items()},
        ("to forecast some channels alone, name these in the output",),
    )


def usual_step(cells: Sequence[str]) -> float:
    """The seconds between the first two times that are dates; 0 of numbers."""
    first, second = (parse_time(cell) for cell in cells[:2])
    if first is None or second is None or isinstance(first, float) or isinstance(second, float):
        return 0.0
    return float((second - first).astype("timedelta64[ms]").astype(int)) / 1000


def find_recordings(head: TableHead) -> FoundSeries | None:
    """Detect a long table of recordings, whose rows of one id stand together."""
    ids = [name for name in head.columns if is_id(head.columns[name])]
    if not ids:
        return None
    finest = max(ids, key=lambda name: len(set(head.columns[name])))
    id = next((name for name in ids if is_called(name, ID_NAMES)), finest)
    spans = list(runs(head.columns[id]))
    constant = [
        name
        for name, cells in head.columns.items()
        if name != id and all(len(set(cells[a:b])) == 1 for a, b in spans)
    ]
    varying = [name for name in head.columns if name != id and name not in constant]
    group = next((name for name in constant if is_called(name, GROUP_NAMES)), None)
    answers = [name for name in constant if name != group]
    time = next((name for name in varying if name.casefold() in CLOCK_NAMES), None)
    channels = [name for name in varying if name != time and head.is_number(name)]
    unused = [name for name in varying if name != time and name not in channels]
    if not answers or not channels:
        return None
    answer = chosen_answer(answers)
    lengths = sorted(b - a for a, b in (spans if head.is_whole else spans[:-1] or spans))
    window = min(128, lengths[0]) if lengths[-1] > LONG_RECORDING else None
    own = {"id": id, **({"time": time} if time else {}), **({"group": group} if group else {})}
    cut = {"window": window, "stride": max(1, window // 2)} if window else {}
    clock = {} if time is None or time.casefold() in TIME_COLUMNS else {"time": time}
    settings = series_settings(window or lengths[0], {"channels": channels, **clock})
    return FoundSeries(
        (FoundField("signal", "series", settings),),
        (answer_field(answer, [head.columns[answer][a] for a, _ in spans]),),
        {"recordings": head.path, "columns": own, **cut},
        notes=others_note([*unused, *(name for name in answers if name != answer)]),
    )


def is_called(name: str, words: Sequence[str]) -> bool:
    """Whether a name is one of the words, or ends with one after an underscore."""
    return name.casefold().replace(" ", "_").split("_")[-1] in words


def is_id(cells: Sequence[str]) -> bool:
    """Whether the rows of each value of a column stand together, several at least, and there are several values."""
    spans = list(runs(cells))
    different = len(set(cells))
    if not 1 < different == len(spans) or 2 * len(spans) > len(cells) or not all(cells):
        return False
    return all(not isinstance(one := parse_time(cell), float) or one.is_integer() for cell in set(cells))


def runs(cells: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first row, and the one after the last, of each stretch of equal cells."""
    begin = 0
    for end in range(1, len(cells) + 1):
        if end == len(cells) or cells[end] != cells[begin]:
            yield begin, end
            begin = end
