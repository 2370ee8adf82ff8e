"""The texts of images that stand in one file."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from jumok.labelling.files.cut_file import CutFile
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.files.text_bytes import compress_like
from jumok.labelling.objects.annotation_text import ItemText
from jumok.labelling.refusals import readable


class ItemTexts:
    """A file that is cut into the texts of images, and cut anew when it changes on the disk."""

    def __init__(self, path: Path, load: Callable[[bytes | None], None]) -> None:
        """Name a file.

        Args:
            path: The file.
            load: Takes its bytes, sets `cut`, and adds the images; UnreadableFile or DataError if they are faulty.
        """
        self.file = GuardedFile(path)
        self.cut = CutFile()
        self._load = load
        self._data: bytes | None = b""
        self._items: dict[str, ItemText] = {}
        self._places: dict[str, int] = {}

    def now(self) -> Mapping[str, ItemText]:
        """The images with their texts, as they stand on the disk now; DataError if that cannot be read."""
        data = self.file.read()
        if data is not self._data:
            with readable():
                self._load(data)
            self._data = data
        return self._items

    def clear(self) -> None:
        """Forget the images."""
        self._items, self._places = {}, {}

    def add(self, key: str, image: Path, place: int, fault: str = "") -> None:
        """Take the text at a place as that of an image, unless an earlier one is.

        Args:
            key: The name of the image.
            image: The image.
            place: The place of its text.
            fault: Why it can neither be read nor written.
        """
        if key not in self._items:
            self._items[key] = ItemText(key, image, self.cut.texts[place], fault)
            self._places[key] = place

    def place(self, key: str) -> int:
        """The place of the text of an image."""
        return self._places[key]

    def put(self, item: ItemText, text: str, gaps_with_one_more: Callable[[CutFile], list[str]]) -> None:
        """Write another text of an image; for whoever holds the lock.

        Args:
            item: The image.
            text: Its text.
            gaps_with_one_more: The gaps of the file if a text comes behind the last one.
        """
        new = item.key not in self._places
        place = len(self.cut.texts) if new else self._places[item.key]
        cut = self.cut.joined(place, text)
        if new:
            cut.gaps = gaps_with_one_more(self.cut)
        self.replace(cut)
        self._places[item.key] = place
        self._items[item.key] = ItemText(item.key, item.image, text)

    def replace(self, cut: CutFile) -> None:
        """Write the whole file; for whoever holds the lock."""
        data = compress_like(cut.text.encode(), self._data or b"")
        self.file.replace(data, self._data)
        self._data, self.cut = data, cut


class OneFileForm:
    """What formats share whose images stand in one file."""

    _texts: ItemTexts

    def items(self) -> Mapping[str, ItemText]:
        """The images with their texts, in the order of the file."""
        return self._texts.now()

    def find(self, key: str) -> ItemText | None:
        """One of the images."""
        return self.items().get(key)

    def lock(self) -> AbstractContextManager[Any]:
        """Hold the lock of the file."""
        return self._texts.file.lock()
