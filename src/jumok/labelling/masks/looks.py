"""What is on masks: known at once for those that were read, and found out about the others in the background."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from jumok.errors import DataError
from jumok.labelling.contract import ItemState
from jumok.labelling.masks.places import MaskPlace

FileMark = tuple[int, int, int] | None
BETWEEN_MASKS = 0.001  # seconds between two masks, in which others work


class MaskLook(NamedTuple):
    """What is on a mask."""

    mark: FileMark  # of the file that was looked at
    state: ItemState
    classes: tuple[str, ...]


class MaskLooks:
    """Remembers what is on masks."""

    def __init__(self, look: Callable[[MaskPlace], MaskLook]) -> None:
        self._look = look
        self._seen: dict[Path, MaskLook] = {}
        self._news: set[str] = set()
        self._thread: threading.Thread | None = None

    def remember(self, path: Path, look: MaskLook) -> None:
        """Keep what was found on a mask."""
        self._seen[path] = look

    def known(self, path: Path, mark: FileMark) -> MaskLook | None:
        """What is on a mask; None if it is not known of the file as it is now."""
        look = self._seen.get(path)
        return look if look is not None and look.mark == mark else None

    def begin(self, places: Mapping[str, MaskPlace]) -> None:
        """Look at the masks that are not known, in a thread of its own that ends with the program."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(dict(places),), daemon=True)
            self._thread.start()

    def wait(self) -> None:
        """Wait until all masks were looked at."""
        if self._thread is not None:
            self._thread.join()

    def news(self) -> set[str]:
        """The images whose masks were looked at in the background since the last call."""
        news, self._news = self._news, set()
        return news

    def _run(self, places: Mapping[str, MaskPlace]) -> None:
        for key, one in places.items():
            mark = file_mark(one.mask)
            if mark is None or self.known(one.mask, mark) is not None:
                continue
            try:
                look = self._look(one)
            except DataError:  # whoever opens it is told
                continue
            self._seen.setdefault(one.mask, look)
            self._news.add(key)
            time.sleep(BETWEEN_MASKS)


def file_mark(path: Path) -> FileMark:
    """What changes when a file is written; None where there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
