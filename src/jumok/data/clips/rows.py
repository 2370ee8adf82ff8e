"""Rows of texts some of which name clips: each clip is looked at, and a faulty one is told in its line."""

from collections.abc import Iterable, Mapping

from jumok.data.clips.clip import cell_in_short, chosen_frames, open_clip, paths_of
from jumok.data.clips.sampling import FrameSampling
from jumok.data.row import Row
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.file_rows import FileRows
from jumok.data.tables.rows import Source


class ClipRows(FileRows):
    """The rows of another source whose clips are there, have enough frames, and all of one size."""

    def __init__(self, source: Source, clips: Mapping[str, FrameSampling]) -> None:
        super().__init__(source)
        self.clips = dict(clips)
        self.classes = source.classes

    def _file_columns(self) -> Iterable[str]:
        return self.clips

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
