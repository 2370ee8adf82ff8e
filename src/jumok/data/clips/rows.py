"""Rows of texts some of which name clips: each clip is looked at, and a faulty one is told in its line."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from jumok.data.clips.clip import cell_in_short, chosen_frames, open_clip, paths_of
from jumok.data.clips.sampling import FrameSampling
from jumok.data.row import Row
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.rows import Source


class ClipRows:
    """The rows of another source whose clips are there, have enough frames, and all of one size."""

    def __init__(self, source: Source, clips: Mapping[str, FrameSampling]) -> None:
        self._source = source
        self.kind = type(source).__name__
        self.options = repr({name: str(value) for name, value in vars(source).items() if name[0] != "_"})
        self.clips = dict(clips)
        self.columns, self.files, self.root = source.columns, source.files, source.root
        self.classes = source.classes
        self._seen: dict[Path, None] = {}

    @property
    def remarks(self) -> tuple[Fault, ...]:
        """What the other source found odd, but no fault."""
        return self._source.remarks

    @property
    def watched(self) -> tuple[Path, ...]:
        """All that decides the rows, once they were read."""
        return tuple(dict.fromkeys((*self._source.watched, *self._seen)))

    def rows(self) -> Iterator[Row | Fault]:
        """The rows whose clips can be read, and a fault in place of each other one."""
        self._seen = {}
        for item in self._source.rows():
            fault = self._fault(item) if isinstance(item, Row) else None
            yield item if fault is None else fault

    def _fault(self, row: Row) -> Fault | None:
        """What is wrong with the first faulty clip of a row."""
        for column, sampling in self.clips.items():
            cell = row.values[self.columns.index(column)]
            if not cell:  # a row may lack an optional input
                continue
            try:
                self._seen.update(dict.fromkeys(paths_of(cell, self.root)))
                clip = open_clip(cell, self.root)
                self._seen.update(dict.fromkeys(clip.files))
                clip.size(chosen_frames(clip, cell_in_short(cell), sampling))
            except UnreadableFile as unreadable:
                told = unreadable.fault
                kind = "missing_clip" if told.kind == "missing_file" else told.kind
                return Fault(str(self.files[0]), row.line, f"{told.file} {told.problem}", told.remedy, kind)
        return None
