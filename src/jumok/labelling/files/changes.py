"""Changes of several files as one: all of them are made, or none, even if the program is killed in between.

New contents are written beside their files first; then a list of what is to be done is put in place in one step, and
done. Who finds such a list does the rest of it before anything else.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from jumok.errors import DataError
from jumok.files import (
    UNFINISHED_NAME,
    remove_left,
    sync_folder,
    temporary_beside,
    unwritable,
    write_file_atomically,
    write_synced,
)
from jumok.labelling.files.guarded_file import lock_folder, read_now, replace_file, require_unchanged

LIST_NAME = ".jumok-label.json"  # of what is to be done, in the folder that is locked


class FileChanges:
    """Changes files below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._list = folder, folder / LIST_NAME

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep all others of jumok from writing below the folder; what a killed program has begun is finished first."""
        with lock_folder(self.folder):
            self._finish()
            yield

    def finish(self) -> None:
        """Do the rest of what a killed program has begun."""
        if self._list.exists():
            with self.lock():
                pass

    def sweep(self, folder: Path) -> None:
        """Remove what killed programs left in a folder when they were about to replace a file."""
        found = (UNFINISHED_NAME.fullmatch(name) for name in os.listdir(folder))
        names = [match["name"] for match in found if match]
        if names:
            remove_left(folder, names)

    def apply(self, written: Mapping[Path, bytes | None], before: Mapping[Path, bytes | None]) -> None:
        """Give files other contents; for whoever holds the lock.

        Args:
            written: The new bytes of each file, None to remove it.
            before: The bytes that were read under the lock, None where there was no file.

        Raises:
            ChangedMeanwhile: A file holds something else by now.
            RunError: The disk refuses; nothing is changed then.
        """
        for path in written:
            self.make_folder(path.parent)
        if len(written) == 1:
            (path, data), *_ = written.items()
            if data is None:
                self._remove(path, before[path])
            else:
                replace_file(path, data, before[path])
            return
        staged: dict[Path, Path] = {}
        try:
            for path, data in written.items():
                if data is not None:
                    target = Path(os.path.realpath(path))
                    staged[target] = temporary_beside(target)
                    self._stage(target, staged[target], data)
            for path in written:
                require_unchanged(path, before[path])
            removed = [self._name(path) for path, data in written.items() if data is None]
            put = {self._name(target): self._name(beside) for target, beside in staged.items()}
            write_file_atomically(self._list, json.dumps({"put": put, "remove": removed}).encode())
        except BaseException:
            with suppress(OSError):  # the list first: whoever found it would miss what it names
                self._list.unlink(missing_ok=True)
                for beside in staged.values():
                    beside.unlink(missing_ok=True)
            raise
        self._finish()

    def make_folder(self, folder: Path) -> None:
        """Make a folder, if it is not there; RunError if the disk refuses."""
        if folder.is_dir():
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise unwritable(folder, error) from error

    def _stage(self, target: Path, beside: Path, data: bytes) -> None:
        """Write the new bytes of a file beside it, with its permissions."""
        try:
            write_synced(beside, data)
            if target.exists():
                os.chmod(beside, stat.S_IMODE(target.stat().st_mode))
        except OSError as error:
            raise unwritable(target, error) from error

    def _remove(self, path: Path, before: bytes | None) -> None:
        require_unchanged(path, before)
        try:
            path.unlink(missing_ok=True)
            sync_folder(path.parent)
        except OSError as error:
            raise unwritable(path, error) from error

    def _finish(self) -> None:
        """Do what the list says, if there is one: first what comes, then what goes."""
        data = read_now(self._list)
        if data is None:
            return
        try:
            told = json.loads(data)
            put = {self.folder / name: self.folder / beside for name, beside in told["put"].items()}
            removed = [self.folder / name for name in told["remove"]]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise DataError(f"{self._list}: is no list of changes; remove it") from None
        try:
            for path, beside in put.items():
                if beside.exists():
                    os.replace(beside, path)
            for path in removed:
                path.unlink(missing_ok=True)
            for folder in {path.parent for path in (*put, *removed)}:
                sync_folder(folder)
            self._list.unlink()
            sync_folder(self.folder)
        except OSError as error:
            raise unwritable(self._list, error) from error

    def _name(self, path: Path) -> str:
        """A path as the list has it: below the folder if it is there, else from the root."""
        return (
            os.path.relpath(path, self.folder) if path.is_relative_to(self.folder) else str(path.absolute())
        )
