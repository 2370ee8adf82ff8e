"""Makes the records of one image those of wanted objects: which stay, change, go, come back and are new."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from jumok.labelling.objects.marks import ObjectMark, matched_objects
from jumok.labelling.objects.record_list import RecordChanges, RecordHistory, Removed, TextRecord


@dataclass(frozen=True, slots=True)
class ReadObject:
    """A record of an object, and what it says."""

    record: TextRecord
    mark: ObjectMark


class Records(Protocol):
    """Records that can be changed."""

    def change(self, old: TextRecord, new: TextRecord) -> None:
        """Put a record in the place of another."""
        ...

    def remove(self, record: TextRecord) -> Removed:
        """Take a record out."""
        ...

    def restore(self, removed: Removed) -> None:
        """Put a record back."""
        ...


@dataclass
class ObjectChange:
    """One change of the records of an image."""

    records: Records
    history: RecordHistory
    owner: Any  # the image
    add: Callable[[ObjectMark], None]  # appends a record
    rewrite: Callable[[ReadObject, ObjectMark], TextRecord]  # gives a record another text
    may_return: Callable[[TextRecord], bool] = lambda record: True

    def set_objects(self, current: Sequence[ReadObject], wanted: Sequence[ObjectMark]) -> RecordChanges:
        """Make the objects of the image those that are wanted.

        Args:
            current: Its objects.
            wanted: The objects that it shall have.

        Returns:
            What was changed.
        """
        done = RecordChanges(self.owner)
        matched = self._matched(current, wanted)
        unknown = [one for one, place in zip(wanted, matched, strict=True) if place is None]
        current = [*current, *self._restored(unknown, done)]
        matched = self._matched(current, wanted)
        for gone in (one for place, one in enumerate(current) if place not in matched):
            done.removed.append((self.records.remove(gone.record), gone.mark))
        for one, place in zip(wanted, matched, strict=True):
            old = None if place is None else current[place]
            if old is None:
                self.add(one)
                done.added.append(one)
            elif not one.is_as(old.mark):
                self._change(old, one, done)
        return done

    def _matched(self, current: Sequence[ReadObject], wanted: Sequence[ObjectMark]) -> list[int | None]:
        def was(place: int, one: ObjectMark) -> bool:
            return self.history.earlier(current[place].record, one) is not None

        return matched_objects([one.mark for one in current], wanted, was)

    def _restored(self, unknown: list[ObjectMark], done: RecordChanges) -> list[ReadObject]:
        """Objects that were removed here before and are wanted again, back at their places."""
        found: list[ReadObject] = []
        for removed, mark in self.history.returning(self.owner, unknown):
            if self.may_return(removed.record):
                self.records.restore(removed)
                done.restored.append(removed)
                found.append(ReadObject(removed.record, replace(mark, id=None)))
        return found

    def _change(self, old: ReadObject, one: ObjectMark, done: RecordChanges) -> None:
        """Give a record its other text; one that it had before, if that says the same."""
        new = self.history.earlier(old.record, one) or self.rewrite(old, one)
        self.records.change(old.record, new)
        done.given_up.append((old.record, old.mark))
        if one.name != old.mark.name or not one.has_shape_of(old.mark):
            done.moved.append(one)
