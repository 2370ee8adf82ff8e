"""Records of a text, cut so that they can go and come while all else keeps its bytes."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from jumok.labelling.objects.marks import ObjectMark

SERIAL = count()


@dataclass(frozen=True, slots=True, eq=False)
class TextRecord:
    """One record; `serial` stays when its text changes."""

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
    before: str  # the gap before it
    after: str  # the gap behind it, as far as it went with the record


@dataclass(slots=True)
class SeparatedRecords:
    """Records with commas between; gaps are one more than records, or one if there are none."""

    records: list[TextRecord]
    gaps: list[str]
    hollow: str = ""  # what stands between the brackets when there is no record

    def copy(self) -> "SeparatedRecords":
        """Records that can be changed without changing these."""
        return SeparatedRecords(list(self.records), list(self.gaps), self.hollow)

    def pieces(self) -> list[str]:
        """The texts of all, in order."""
        return interleaved(self.records, self.gaps)

    def change(self, old: TextRecord, new: TextRecord) -> None:
        """Put a record in the place of another."""
        self.records[self.records.index(old)] = new

    def remove(self, record: TextRecord) -> Removed:
        """Take a record out, with one comma."""
        place = self.records.index(record)
        follows = self.records[place - 1].serial if place else None
        del self.records[place]
        if not self.records:
            before, after = self.gaps
            self.gaps = [self.hollow]
            return Removed(record, None, before, after)
        return Removed(record, follows, self.gaps.pop(max(1, place)), "")

    def restore(self, removed: Removed) -> None:
        """Put a record back: where it was if what stood before it is still there, else at the end."""
        if not self.records:
            self._only(removed.record, removed.before, removed.after)
            return
        place = place_after(self.records, removed.follows)
        separator = removed.before if "," in removed.before else self.separator
        self.records.insert(place, removed.record)
        self.gaps.insert(max(1, place), separator)

    def append(self, record: TextRecord, sample: "SeparatedRecords") -> None:
        """Add a record at the end; the gaps of the first are as in a sample."""
        if self.records:
            self.gaps.insert(len(self.records), self.separator)
            self.records.append(record)
        else:
            self._only(record, sample.gaps[0], sample.gaps[-1])

    @property
    def separator(self) -> str:
        """What stands between two records."""
        if len(self.gaps) > 2:
            return self.gaps[-2]
        head = self.gaps[0]
        return "," + (head if "\n" in head else "" if ", " not in self.records[0].text else " ")

    def _only(self, record: TextRecord, before: str, after: str) -> None:
        self.hollow = self.gaps[0]
        self.records, self.gaps = [record], [before, after]


@dataclass(slots=True)
class PlainRecords:
    """Records that need nothing between them; what stands there stays when they go."""

    records: list[TextRecord]
    gaps: list[str]  # one more than records

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(interleaved(self.records, self.gaps))

    def line_of(self, place: int) -> int:
        """The line of a record."""
        texts = (*self.gaps[: place + 1], *(record.text for record in self.records[:place]))
        return 1 + sum(text.count("\n") for text in texts)

    def copy(self) -> "PlainRecords":
        """Records that can be changed without changing these."""
        return PlainRecords(list(self.records), list(self.gaps))

    def change(self, old: TextRecord, new: TextRecord) -> None:
        """Put a record in the place of another."""
        self.records[self.records.index(old)] = new

    def remove(self, record: TextRecord) -> Removed:
        """Take a record out; the gaps around it become one."""
        place = self.records.index(record)
        follows = self.records[place - 1].serial if place else None
        before, after = self.gaps[place], self.gaps.pop(place + 1)
        self.gaps[place] = before + after
        del self.records[place]
        return Removed(record, follows, before, after)

    def restore(self, removed: Removed) -> None:
        """Put a record back: where it was if what stood before it is still there, else behind the last one."""
        place = place_after(self.records, removed.follows)
        gap = self.gaps[place]
        known = gap == removed.before + removed.after
        at = len(removed.before) if known else 0 if place else max(0, len(gap) - len(removed.after))
        self.insert(place, removed.record, at)

    def insert(self, place: int, record: TextRecord, at: int) -> None:
        """Add a record.

        Args:
            place: How many records stand before it.
            record: The record.
            at: Where in the gap it stands.
        """
        gap = self.gaps[place]
        self.gaps[place : place + 1] = [gap[:at], gap[at:]]
        self.records.insert(place, record)


def interleaved(records: list[TextRecord], gaps: list[str]) -> list[str]:
    """The texts of gaps and records in turn."""
    found = [""] * (len(records) + len(gaps))
    found[::2] = gaps
    found[1::2] = [record.text for record in records]
    return found


def place_after(records: list[TextRecord], follows: int | None) -> int:
    """The place behind the record of a serial: 0 for None, the end if it is gone."""
    if follows is None:
        return 0
    return next((place for place, one in enumerate(records, 1) if one.serial == follows), len(records))


@dataclass
class RecordHistory:
    """What records were before, so that a change that is undone leaves the same bytes."""

    texts: dict[int, list[tuple[TextRecord, ObjectMark]]] = field(default_factory=dict)  # by serial
    removed: dict[Any, list[tuple[Removed, ObjectMark]]] = field(
        default_factory=dict
    )  # by owner, oldest first

    def earlier(self, record: TextRecord, wanted: ObjectMark) -> TextRecord | None:
        """The record as it was when it said what is wanted."""
        for before, mark in reversed(self.texts.get(record.serial, ())):
            if wanted.is_as(mark) and wanted.fixed == mark.fixed:
                return before
        return None

    def returning(self, owner: Any, wanted: list[ObjectMark]) -> list[tuple[Removed, ObjectMark]]:
        """Records that were removed and are wanted again, the last removed first."""
        found: list[tuple[Removed, ObjectMark]] = []
        for one in reversed(self.removed.get(owner, ())) if wanted else ():
            same = next((mark for mark in wanted if mark.is_as(one[1])), None)
            if same is not None:
                wanted = [mark for mark in wanted if mark is not same]
                found.append(one)
        return found

    def gone(self) -> list[TextRecord]:
        """The records that were removed, whose ids no new one gets."""
        return [removed.record for known in self.removed.values() for removed, _ in known]

    def keep(self, changes: "RecordChanges") -> None:
        """Remember what a change has taken away, now that it has been written."""
        for record, mark in changes.given_up:
            self.texts.setdefault(record.serial, []).append((record, mark))
        known = self.removed.setdefault(changes.owner, [])
        known[:] = [one for one in known if one[0] not in changes.restored] + changes.removed


@dataclass
class RecordChanges:
    """What a change takes away and brings back."""

    owner: Any
    given_up: list[tuple[TextRecord, ObjectMark]] = field(default_factory=list)
    removed: list[tuple[Removed, ObjectMark]] = field(default_factory=list)
    restored: list[Removed] = field(default_factory=list)
    added: list[ObjectMark] = field(default_factory=list)
    moved: list[ObjectMark] = field(default_factory=list)  # that have another class or shape

    @property
    def is_empty(self) -> bool:
        """Whether nothing was changed."""
        return not (self.given_up or self.removed or self.restored or self.added)
