"""Where answers are written: never over what a person has, and under their names only when they are whole."""

import gzip
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from jumok.errors import DataError
from jumok.files import unwritable

HEAD = 4096  # bytes of a file in which it says who made it
MARKS = (b'name="generator" content="jumok"', b"Software\0jumok")  # of HTML and of PNG
WRITTEN = ".jumok-written"  # in a folder of outputs: "SHA256  NAME" for each file, as sha256sum prints and checks it


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, by links and other spellings, too."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def require_free(path: Path, inputs: Iterable[Path] = (), overwrite: bool = False, remedy: str = "") -> None:
    """Refuse to write a file over an input, over a folder, or over a file that is there and may not be replaced.

    A device or a pipe, like /dev/stdout, may always be written to. `remedy` ends the sentence, as an option to add.
    """
    if any(same_file(path, given) for given in inputs):
        raise DataError(f"{path} is one of the inputs and would be lost; name another file for the answers")
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a file for the answers")
    if not path.parent.is_dir():
        raise DataError(f"{path} could not be written: there is no folder {path.parent}; make it first")
    if os.path.lexists(path) and not is_special(path) and not overwrite:
        raise DataError(f"{path} exists already; name another file{remedy}")


def is_ours(path: Path) -> bool:
    """Whether a page or a PNG says in its head that this program made it, so that it can be made again."""
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except (OSError, ValueError):
        return False
    return any(mark in head for mark in MARKS)


def is_special(path: Path) -> bool:
    """Whether a path is no file but a device or a pipe, which cannot be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A text file to write to, which gets its name when all is there; compressed where its name ends in .gz.

    Until then, and after an error or a kill, an older file stays as it was.
    """
    if is_special(path):
        with _told(path), path.open("w", encoding="utf-8") as out:
            yield out
        return
    path = Path(os.path.realpath(path))  # a link stays a link
    temporary = path.parent / f".{path.name[:100]}.{os.getpid()}.tmp"
    try:
        with _told(path), _opened(temporary, compressed=path.suffix == ".gz") as out:
            yield out
        with _told(path):
            os.replace(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into a sentence."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


@contextmanager
def _opened(path: Path, compressed: bool) -> Iterator[TextIO]:
    if not compressed:
        with path.open("w", encoding="utf-8") as out:
            yield out
        return
    with gzip.open(path, "wb") as packed, io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text:
        yield text


class OutputFolder:
    """A folder of files that this program may replace where it wrote them itself, and only there.

    What it wrote is listed with its checksum in the hidden file `.jumok-written`; a file that is not listed, or that
    was changed since, belongs to somebody else.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path] = (), overwrite: bool = False) -> None:
        self.folder, self.overwrite = folder, overwrite
        self.inputs = list(inputs)
        if os.path.lexists(folder) and not folder.is_dir():
            raise DataError(f"{folder} is a file; predictions of images need a folder")
        self.known = self._read()

    def _read(self) -> set[tuple[str, str]]:
        """Checksums and names of what was written here before."""
        try:
            lines = (self.folder / WRITTEN).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return set()
        return {(digest, name) for digest, _, name in (line.partition("  ") for line in lines)}

    def require_free(self, names: Iterable[str]) -> None:
        """Refuse before anything is written when one of these names is taken by a file that must not be lost."""
        there = [name for name in names if os.path.lexists(self.folder / name)]
        given = {os.path.realpath(path): path for path in self.inputs}
        for name in there:
            path = self.folder / name
            source = given.get(os.path.realpath(path)) or next(
                (one for one in self.inputs if same_file(one, path)), None
            )
            if source is not None:
                raise DataError(
                    f"{path} is one of the inputs and would be lost; name another folder for --output"
                )
        strange = [] if self.overwrite else [name for name in there if not self._is_ours(name)]
        if strange:
            more = f" (and {len(strange) - 1:,} more)" if len(strange) > 1 else ""
            raise DataError(
                f"{self.folder / strange[0]} is there already{more} and was not written by jumok, or was changed "
                "since; name another folder for --output, or add --overwrite to replace it"
            )

    def _is_ours(self, name: str) -> bool:
        path = self.folder / name
        if path.is_symlink() or not path.is_file():
            return False
        with path.open("rb") as file:
            return (hashlib.file_digest(file, "sha256").hexdigest(), name) in self.known

    def save(self, name: str, data: bytes) -> str:
        """Write a file below the folder, whole or not at all; its name."""
        path = self.folder / name
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{os.getpid()}.{hashlib.sha256(name.encode()).hexdigest()[:16]}.tmp"
        try:
            with _told(path):
                temporary.write_bytes(data)
            self._put(temporary, name)
        finally:
            with suppress(OSError):
                temporary.unlink()
        return name

    @contextmanager
    def written(self, name: str) -> Iterator[TextIO]:
        """A text file below the folder, which gets its name when all is there."""
        temporary = self.folder / f".{name}.{os.getpid()}.tmp"
        try:
            with _told(self.folder / name):
                self.folder.mkdir(parents=True, exist_ok=True)
                with temporary.open("w", encoding="utf-8") as out:
                    yield out
            self._put(temporary, name)
        finally:
            with suppress(OSError):
                temporary.unlink()

    def _put(self, temporary: Path, name: str) -> None:
        """Note what is written, then give it its name."""
        with _told(self.folder / name):
            with temporary.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if (digest, name) not in self.known:
                with (self.folder / WRITTEN).open("a", encoding="utf-8") as notes:
                    notes.write(f"{digest}  {name}\n")
                self.known.add((digest, name))
            os.replace(temporary, self.folder / name)
