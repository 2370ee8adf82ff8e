"""Lists folders: hidden files left out, names found in any form of Unicode or case.

macOS writes accents as separate characters (NFD), Windows and Linux as one (NFC); Windows ignores case. So a name in a
file may be spelled differently on the disk.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jumok.files import spelt_out

# Folders that systems and tools create; they hold no examples.
SYSTEM_FOLDERS = frozenset(
    {"@eadir", "__macosx", "#recycle", "$recycle.bin", "lost+found", "system volume information"}
)


@dataclass
class Below:
    """The files of some kinds in a folder and below."""

    files: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)  # that were listed
    hidden: list[Path] = field(default_factory=list)  # files of these kinds that were left out


def files_below(folder: Path, suffixes: Sequence[str]) -> Below:
    """Files with these suffixes (lower case), sorted by name, without hidden files and folders of the system.

    Links that lead nowhere and pipes are among them, so that whoever reads them says so.
    """
    found = Below()
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        here, status = Path(place), os.stat(place)
        if (status.st_dev, status.st_ino) in seen:  # a link that leads to what is listed already
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        secret = is_hidden(here.relative_to(folder).parts)
        if not secret:
            found.folders.append(here)
        for name in names:
            path = here / name
            if path.suffix.lower() in suffixes:
                (found.hidden if secret or is_hidden([name]) else found.files).append(path)
    found.files.sort()
    found.folders.sort()
    found.hidden.sort()
    return found


def is_hidden(parts: Iterable[str]) -> bool:
    """Whether a relative path is hidden, or in a folder that is hidden or made by a system."""
    return any(part.startswith(".") or part.lower() in SYSTEM_FOLDERS for part in parts)


def composed(text: str) -> str:
    """Text in NFC, for comparing names."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def forward_slashes(text: str) -> str:
    """A path with forward slashes, and ~ replaced by the home folder."""
    plain = text.strip().replace("\\\\", "/").replace("\\", "/")
    return os.path.expanduser(plain) if plain.startswith("~") else plain


class Listings:
    """Finds files by name, listing each folder at most once."""

    def __init__(self) -> None:
        self._known: dict[Path, dict[str, list[str]]] = {}

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that were listed."""
        return tuple(self._known)

    def names(self, folder: Path) -> dict[str, list[str]]:
        """The names in a folder by their lower-case NFC; empty if it cannot be listed."""
        if folder not in self._known:
            found: dict[str, list[str]] = {}
            for name in entries(folder):
                found.setdefault(composed(name).casefold(), []).append(name)
            self._known[folder] = found
        return self._known[folder]

    def find(self, path: Path) -> Path | None:
        """The file of this name, or the only one that differs in its form of Unicode, or else in case."""
        if os.path.isfile(path):
            return path
        alike = self.names(path.parent).get(composed(path.name).casefold(), [])
        same = [name for name in alike if composed(name) == composed(path.name)] or alike
        found = path.parent / same[0] if len(same) == 1 else None
        return found if found is not None and os.path.isfile(found) else None


def entries(folder: Path) -> list[str]:
    """The names in a folder, sorted; empty if it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except (OSError, ValueError):
        return []


def printable(path: Path | str) -> str:
    """A path as text, with undecodable bytes as \\xNN."""
    return spelt_out(str(path))
