"""What lies on the table while somebody labels: the items with their states, and the order of all changes."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from jumok.data.annotations.palette import colour_of
from jumok.errors import DataError
from jumok.files import UNFINISHED_NAME, remove_left, shorten_name
from jumok.labelling.contract import ItemMarks, LabelItem, LabelStore
from jumok.labelling.files.guarded_file import ChangedMeanwhile
from jumok.labelling.opening import OpenedLabels

LETTERS = {"labelled": "L", "empty": "E", "unlabelled": "U"}
POLL = 1.0  # seconds between two looks at the disk
ATTEMPTS = 3  # to change a file that other programs write

Stored = TypeVar("Stored")


class UnknownItem(DataError):
    """There is no such item, or not any more."""


class LabelDesk:
    """The items of a store, kept in memory; several threads may use it.

    Changes are counted, those of others too: a page asks for what came after a count that it knows.
    """

    def __init__(self, opened: OpenedLabels, language: str = "en") -> None:
        self.opened, self.language = opened, language
        self.store: LabelStore = opened.store
        self._lock = Lock()  # of what follows
        self._items: dict[str, LabelItem] = {}
        self._events: list[str | None] = []  # keys in the order of their changes; None: the classes
        self._classes = self.store.classes()
        self._looked = time.monotonic()
        self._touched: set[str] = set()  # items that were labelled here
        remove_unfinished(self.store.place)
        self.store.changed()  # what others did before is no news
        self._reload()

    def _reload(self) -> None:
        elsewhere = self.opened.elsewhere
        self._items = {one.key: one for one in self.store.items() if one.image not in elsewhere}

    @property
    def labelled_here(self) -> int:
        """How many items were labelled since the start."""
        return len(self._touched)

    def items(self) -> list[LabelItem]:
        """All items, in the order of the store."""
        with self._lock:
            return list(self._items.values())

    def item(self, key: str) -> LabelItem:
        """An item of the list; nothing that a request names is looked up anywhere else."""
        with self._lock:
            found = self._items.get(key)
        if found is None:
            raise UnknownItem(
                f"there is no item {key[:80]!r} here; it may have been removed meanwhile",
                f"{key[:80]!r} 항목이 없습니다. 그사이에 지워졌을 수 있습니다.",
            )
        return found

    def session(self) -> dict[str, Any]:
        """What is labelled here, as JSON."""
        store = self.store
        fields = [{"name": one.name, "kind": one.kind, "classes": list(one.classes)} for one in store.columns]
        return {
            "version": version("jumok"),
            "name": self.opened.name,
            "kind": store.kind,
            "format": store.format,
            "place": str(store.place.resolve()),
            "outlines": store.outlines,
            "fields": fields,
            "classes": self.classes(),
            "count": len(self.items()),
            "split": self.opened.split,
            "language": self.language,
        }

    def classes(self) -> list[dict[str, str]]:
        """The classes with their colours."""
        return [
            {"name": name, "color": f"#{bytes(colour_of(number)).hex()}"}
            for number, name in enumerate(self._classes)
        ]

    def listing(self) -> dict[str, Any]:
        """All items as columns."""
        items, numbers = self.items(), {name: number for number, name in enumerate(self._classes)}
        return {
            "keys": [one.key for one in items],
            "names": [one.name for one in items],
            "states": "".join(LETTERS[one.state] for one in items),
            "classes": [[numbers[name] for name in one.classes if name in numbers] for one in items],
            "changed": len(self._events),
        }

    def expect_place(self, place: str | None) -> None:
        """DataError if a page still shows the data of another server, which stood at this address before."""
        here = str(self.store.place.resolve())
        if place is not None and place != here:
            raise DataError(
                f"this page shows {place}, but {here} is labelled at this address now; nothing was written",
                f"이 화면은 {place}의 데이터인데, 지금 이 주소에서는 {here}에 라벨을 달고 있습니다. "
                "아무것도 쓰지 않았습니다.",
            )

    def read(self, key: str) -> ItemMarks:
        """What is marked on an item."""
        self.item(key)
        return self.store.read(key)

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the marks of an item, and count the change.

        Args:
            key: The item.
            version: The version that the change began with.
            marks: The marks.

        Returns:
            What stands there now.

        Raises:
            LabelConflict: If the item is of another version by now.
            DataError: If the marks do not fit.
            RunError: If the disk refuses.
        """
        self.item(key)
        written = retried(lambda: self.store.write(key, version, marks))
        names = tuple(classes_of_marks(written.marks, self._classes))
        with self._lock:
            self._touched.add(key)
            if key in self._items:  # unless another program has just removed it
                self._items[key] = replace(self._items[key], state=written.state, classes=names)
            self._events.append(key)
        return written

    def add_class(self, name: object) -> list[dict[str, str]]:
        """Add a class; DataError if there cannot be one of this name."""
        if not isinstance(name, str) or not name.strip():
            raise DataError("a class needs a name", "클래스 이름을 쓰세요.")
        self._take_classes(retried(lambda: self.store.add_class(name.strip())))
        return self.classes()

    def _take_classes(self, names: Sequence[str]) -> None:
        with self._lock:
            if tuple(names) != self._classes:
                self._classes = tuple(names)
                self._events.append(None)

    def changes(self, since: int) -> dict[str, Any]:
        """What has changed after a count: the keys, their states, and the classes if they did."""
        self._look()
        with self._lock:
            now = len(self._events)
            news = self._events[since:] if since <= now else [*self._items, None]  # of an earlier server
            keys = [key for key in dict.fromkeys(news) if key is not None]
            states = {key: LETTERS[self._items[key].state] for key in keys if key in self._items}
        told: dict[str, Any] = {"changed": now, "keys": keys, "states": states}
        return {**told, "classes": self.classes()} if None in news else told

    def _look(self) -> None:
        """Take in what others have changed."""
        with self._lock:
            if time.monotonic() - self._looked < POLL:
                return
            self._looked = time.monotonic()
        changed = self.store.changed()
        if not changed:
            return
        self._take_classes(self.store.classes())
        with self._lock:
            before = self._items
            self._reload()
            self._events += [key for key in (*self._items, *(before.keys() - self._items)) if key in changed]

    def size(self, key: str) -> tuple[list[int] | None, str | None]:
        """Width and height of the image of an item as it is shown; what is wrong where it cannot be read."""
        from jumok.data.images.reading import read_header
        from jumok.data.tables.faults import UnreadableFile

        image: Path | None = self.item(key).image
        if image is None:
            return None, None
        try:
            return list(read_header(image).size), None
        except UnreadableFile as unreadable:
            return None, str(unreadable)

    def texts(self, key: str) -> dict[str, str] | None:
        """The texts among what a model reads for an item, to be shown beside it."""
        image = str(self.item(key).image)
        given = self.store.inputs(key)
        found = {name: value for name, value in given.items() if isinstance(value, str) and value != image}
        return {name: value for name, value in found.items() if value} or None


def retried(change: Callable[[], Stored]) -> Stored:
    """Make a change, once more on what stands there now where another program writes at the same moment."""
    for _ in range(ATTEMPTS - 1):
        with suppress(ChangedMeanwhile):
            return change()
    return change()


def remove_unfinished(place: Path) -> None:
    """Remove what servers that were killed left half written: hidden files, of which nobody knows."""
    folders = [Path(folder) for folder, _, _ in os.walk(place)] if place.is_dir() else [place.parent]
    for folder in folders:
        found = map(UNFINISHED_NAME.fullmatch, os.listdir(folder) if folder.is_dir() else ())
        names = {one["name"] for one in found if one is not None}
        remove_left(folder, names if place.is_dir() else names & {shorten_name(place.name)})


def classes_of_marks(marks: Mapping[str, Any], classes: Sequence[str]) -> list[str]:
    """The classes that occur in marks, each once."""
    if marks.get("mask"):
        from jumok.evaluation.mistakes.marks import gray_pixels
        from jumok.labelling.masks.files import class_names_in

        return list(class_names_in(gray_pixels(marks["mask"]), classes))
    found = [one["class"] for one in (*marks.get("objects", ()), *marks.get("stretches", ()))]
    found += [value for value in marks.get("values", {}).values() if value in classes]
    return list(dict.fromkeys(found))
