"""A list of records in a text, cut so that records can go and come while all else keeps its bytes."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

SERIAL = count()


@dataclass(frozen=True, slots=True, eq=False)
class TextRecord:
    """One record of a list; `serial` stays when its text changes."""

    text: str
    id: Any = None
    owner: Any = None  # the id of what it belongs to
    category: Any = None
    serial: int = field(default_factory=lambda: next(SERIAL))


@dataclass(frozen=True, slots=True)
class Removed:
    """A record that was taken out, with what is needed to put it back where it was."""

    record: TextRecord
    follows: int | None  # serial of the record before it
    before: str  # what stood before it
    after: str  # what stood behind it, if it was the only one


@dataclass(slots=True)
class RecordList:
    """Records, and the gaps before, between and behind them: one more than records, or one if there are none."""

    records: list[TextRecord]
    gaps: list[str]
    hollow: str = ""  # what stands between the brackets when there is no record

    def copy(self) -> "RecordList":
        """A list that can be changed without changing this one."""
        return RecordList(list(self.records), list(self.gaps), self.hollow)

    def pieces(self) -> list[str]:
        """The texts of all, in order."""
        found = [""] * (len(self.records) + len(self.gaps))
        found[::2] = self.gaps
        found[1::2] = [record.text for record in self.records]
        return found

    def change(self, old: TextRecord, new: TextRecord) -> None:
        """Put a record in the place of another."""
        self.records[self.records.index(old)] = new

    def remove(self, record: TextRecord) -> Removed:
        """Take a record out."""
        place = self.records.index(record)
        follows = self.records[place - 1].serial if place else None
        del self.records[place]
        if not self.records:
            before, after = self.gaps
            self.gaps = [self.hollow]
            return Removed(record, None, before, after)
        gap = self.gaps.pop(max(1, place))
        return Removed(record, follows, gap, "")

    def restore(self, removed: Removed) -> None:
        """Put a record back, where it was if what stood around it is still there, else at the end."""
        if not self.records:
            self._only(removed.record, removed.before, removed.after)
        elif removed.follows is None:
            self.records.insert(0, removed.record)
            self.gaps.insert(1, removed.before if "," in removed.before else self.between)
        else:
            serials = [record.serial for record in self.records]
            known = removed.follows in serials
            place = serials.index(removed.follows) + 1 if known else len(serials)
            self.records.insert(place, removed.record)
            self.gaps.insert(place, removed.before)

    def append(self, record: TextRecord, sample: "RecordList") -> None:
        """Add a record at the end; gaps are as in a sample, if there is no other record."""
        if self.records:
            gap = self.between
            self.gaps.insert(len(self.records), gap)
            self.records.append(record)
        else:
            gaps = sample.gaps if sample.records else ["\n", "\n"]
            self._only(record, gaps[0], gaps[-1])

    @property
    def between(self) -> str:
        """What stands between two records."""
        if len(self.gaps) > 2:
            return self.gaps[-2]
        head = self.gaps[0]
        return "," + (head if "\n" in head else "" if ", " not in self.records[0].text else " ")

    def _only(self, record: TextRecord, before: str, after: str) -> None:
        self.hollow = self.gaps[0]
        self.records, self.gaps = [record], [before, after]
