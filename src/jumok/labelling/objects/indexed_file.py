"""One file that lists many images: what it says, found anew when it changes on the disk."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar, cast

from jumok.errors import DataError
from jumok.labelling.files.guarded_file import GuardedFile
from jumok.labelling.files.text_bytes import compress_like

Content = TypeVar("Content")


class IndexedFile(Generic[Content]):
    """A file with its content, and the images in it that others have changed; for whoever lets in one thread a time."""

    def __init__(
        self,
        path: Path,
        parse: Callable[[bytes | None], Content],
        versions: Callable[[Content], Mapping[str, object]],
    ) -> None:
        """Name a file.

        Args:
            path: The file.
            parse: The content of its bytes, None where there is no file; DataError if they are faulty.
            versions: For each image what is another when its annotations are.
        """
        self._file, self._parse, self._versions = GuardedFile(path), parse, versions
        self._file.tidy()
        self._data: bytes | None = None
        self._content: Content | None = None
        self._fault: DataError | None = None
        self._changed: set[str] = set()

    def now(self) -> Content:
        """What stands on the disk now; DataError if it cannot be read."""
        return self._taken(self._file.read())

    @contextmanager
    def locked(self) -> Iterator[Content]:
        """Keep all others from writing; gives what stands on the disk."""
        with self._file.lock() as data:
            yield self._taken(data)

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call; DataError while the file cannot be read."""
        self.now()
        found, self._changed = frozenset(self._changed), set()
        return found

    def replace(self, data: bytes, content: Content) -> None:
        """Write other bytes, compressed as those before, and their content; for whoever holds the lock."""
        if self._data is None:
            self._file.path.parent.mkdir(parents=True, exist_ok=True)
        whole = compress_like(data, self._data or b"")
        self._file.replace(whole, self._data)
        self._data, self._content = whole, content

    def _taken(self, data: bytes | None) -> Content:
        before = self._content
        if before is None or data is not self._data:
            self._data, self._fault = data, None
            try:
                self._content = self._parse(data)
            except DataError as error:
                self._fault = error
            else:
                self._changed |= self._differing(before, self._content)
        if self._fault is not None:
            raise DataError(str(self._fault), self._fault.ko)
        return cast(Content, self._content)

    def _differing(self, before: Content | None, after: Content) -> set[str]:
        if before is None:
            return set()
        old, new = self._versions(before), self._versions(after)
        return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
