"""Output files: nothing of a user is overwritten, and names appear only when files are complete."""

import gzip
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from jumok.errors import DataError
from jumok.files import remove_left, temporary_beside, unwritable, write_file_atomically

HEAD_BYTES = 4096  # bytes at the start of a file that contain its generator
GENERATOR_MARKS = (b'name="generator" content="jumok"', b"Software\0jumok")  # of HTML and of PNG
WRITTEN = ".jumok-written"  # in a folder of outputs: "SHA256  NAME" for each file, as sha256sum prints and checks it


def file_identity(path: Path) -> tuple[int, int] | None:
    """What all paths to one file share, also through links and other spellings; None if it does not exist."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def require_free(path: Path, inputs: Iterable[Path] = (), overwrite: bool = False, remedy: str = "") -> None:
    """Refuse to overwrite an input, a folder, or a file that may not be replaced.

    Devices, pipes (like /dev/stdout) and empty files may always be written to.

    Args:
        path: The file to write.
        inputs: Files that are read.
        overwrite: Whether an existing file may be replaced.
        remedy: The end of the message: an option to add.

    Raises:
        DataError: If the file may not be written.
    """
    own = file_identity(path)
    if own is not None and own in map(file_identity, inputs):
        raise DataError(f"{path} is one of the inputs and would be lost; name another file for the answers")
    if is_special(path):
        return
    if os.path.isdir(path):
        raise DataError(f"{path} is a folder; name a file for the answers")
    if not os.path.isdir(path.parent):
        raise DataError(f"{path} could not be written: there is no folder {path.parent}; make it first")
    if os.path.exists(path) and not is_empty(path) and not overwrite:
        raise DataError(f"{path} exists already; name another file{remedy}")


def is_ours(path: Path) -> bool:
    """Whether the head of a page or PNG says that this program wrote it, so that it may be replaced."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except (OSError, ValueError):
        return False
    return any(mark in head for mark in GENERATOR_MARKS)


def is_special(path: Path) -> bool:
    """Whether a path is a device, a pipe, or a file that this process has open, which cannot be replaced."""
    whole = os.path.abspath(path)
    if whole in ("/dev/stdout", "/dev/stderr") or whole.startswith(("/dev/fd/", "/proc/self/fd/")):
        return True
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def is_empty(path: Path) -> bool:
    """Whether the file exists and is empty, as mktemp and touch make it."""
    try:
        return path.is_file() and path.stat().st_size == 0
    except OSError:
        return False


def write_output(path: Path, data: bytes) -> None:
    """Write the bytes of a file atomically; to a device or a pipe directly."""
    with _told(path):
        if is_special(path):
            path.write_bytes(data)
        else:
            write_file_atomically(Path(os.path.realpath(path)), data)


def write_made(path: Path, data: bytes) -> None:
    """Write a file with fixed content if it does not exist; raises DataError if another one does."""
    if not os.path.lexists(path):
        with _replacing(path) as temporary:
            temporary.write_bytes(data)
    elif not (path.is_file() and path.read_bytes() == data):
        raise DataError(f"{path} exists already and has other content; choose a folder without this file")


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open a text file that gets its name when it is complete; compressed if the name ends in .gz.

    Until then, and after an error or a kill, an older file is unchanged.
    """
    if is_special(path):
        with _told(path), path.open("w", encoding="utf-8") as out:
            yield out
        return
    with (
        temporary_output(path) as temporary,
        _opened(temporary, compressed=os.path.realpath(path).endswith(".gz")) as out,
    ):
        yield out


@contextmanager
def temporary_output(path: Path) -> Iterator[Path]:
    """A file to write, which gets this name when the block ends well; until then an older file is unchanged."""
    path = Path(os.path.realpath(path))  # a link stays a link
    with _told(path):
        remove_left(path.parent, [path.name])
    with _replacing(path, make_folder=False) as temporary:
        yield temporary
        keep_mode(path, temporary)


def keep_mode(old: Path, new: Path) -> None:
    """Give a new file the permissions of the file that it replaces."""
    with suppress(FileNotFoundError):
        os.chmod(new, os.stat(old).st_mode & 0o777)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


@contextmanager
def _replacing(path: Path, make_folder: bool = True) -> Iterator[Path]:
    """A temporary file beside a path, which gets its name when the block ends well."""
    temporary = temporary_beside(path)
    try:
        with _told(path):
            if make_folder:
                path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _opened(path: Path, compressed: bool) -> Iterator[TextIO]:
    if not compressed:
        with path.open("w", encoding="utf-8") as out:
            yield out
        return
    with gzip.open(path, "wb") as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text:
        yield text


class OutputFolder:
    """A folder of files, in which only files that this program wrote may be replaced.

    Written files are listed with their checksums in the hidden file `.jumok-written`; a file that is not listed, or
    that was changed since, belongs to somebody else.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
        self.folder, self.overwrite = folder, overwrite
        self.inputs = list(inputs)
        if os.path.lexists(folder) and not folder.is_dir():
            raise DataError(f"{folder} is a file; predictions of images need a folder")
        self.known = self._read()

    def is_ours(self, name: str) -> bool:
        """Whether a file below the folder was written here and not changed since."""
        path = self.folder / name
        if name not in self.known or path.is_symlink() or not path.is_file():
            return False
        try:
            return digest_of(path) in self.known[name]
        except OSError:
            return False

    def _read(self) -> dict[str, set[str]]:
        """The checksums of what was written here before, by name."""
        try:
            lines = (self.folder / WRITTEN).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        known: dict[str, set[str]] = {}
        for digest, _, name in (line.partition("  ") for line in lines):
            known.setdefault(name, set()).add(digest)
        return known

    def require_free(self, names: Iterable[str]) -> None:
        """Raise an error before anything is written if one of these names is a file that must not be replaced."""
        there = [name for name in names if os.path.lexists(self.folder / name)]
        given = set(filter(None, map(file_identity, self.inputs)))
        for path in (self.folder / name for name in there):
            if file_identity(path) in given:
                raise DataError(
                    f"{path} is one of the inputs and would be lost; name another folder for --output"
                )
        strange = [] if self.overwrite else [name for name in there if not self.is_ours(name)]
        if strange:
            more = f" (and {len(strange) - 1:,} more)" if len(strange) > 1 else ""
            raise DataError(
                f"{self.folder / strange[0]} exists already{more} and was not written by jumok, or was changed "
                "since; name another folder for --output, or add --overwrite to replace it"
            )

    def remove_left(self, names: Iterable[str]) -> None:
        """Remove incomplete files of killed processes under these names."""
        by_folder: dict[Path, list[str]] = {}
        for path in (self.folder / name for name in names):
            by_folder.setdefault(path.parent, []).append(path.name)
        for folder, inside in by_folder.items():
            with _told(folder):
                remove_left(folder, inside)

    def save(self, name: str, data: bytes) -> str:
        """Write a file below the folder atomically; returns its name."""
        with _replacing(self.folder / name) as temporary:
            temporary.write_bytes(data)
            self._note(temporary, name)
        return name

    @contextmanager
    def written(self, name: str) -> Iterator[TextIO]:
        """Open a text file below the folder, which gets its name when it is complete."""
        with _replacing(self.folder / name) as temporary:
            with temporary.open("w", encoding="utf-8") as out:
                yield out
            self._note(temporary, name)

    def _note(self, temporary: Path, name: str) -> None:
        """Note what is written before it gets its name."""
        digest = digest_of(temporary)
        if digest not in self.known.get(name, ()):
            with (self.folder / WRITTEN).open("a", encoding="utf-8") as notes:
                notes.write(f"{digest}  {name}\n")
            self.known.setdefault(name, set()).add(digest)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
