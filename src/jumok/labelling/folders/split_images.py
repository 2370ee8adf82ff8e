"""The images of a split, each with the file of its objects."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jumok.labelling.folders.folder_store import FolderItem
from jumok.labelling.objects.image_folder import ImageFolder


class SplitImages:
    """The images of a split, found anew when a folder or a list that names them has changed."""

    def __init__(self, excluded: Collection[Path]) -> None:
        """Leave out images that belong to other splits."""
        self._excluded = excluded
        self._folders: dict[Path, ImageFolder] = {}
        self._found: tuple[Sequence[object], Mapping[str, FolderItem]] = [], {}

    def below(self, folder: Path) -> Mapping[str, Path]:
        """The images below a folder by name; the same object while nothing has changed."""
        return self._folders.setdefault(folder, ImageFolder(folder, self._excluded)).images()

    def found(
        self, watched: Sequence[object], find: Callable[[], dict[str, FolderItem]]
    ) -> Mapping[str, FolderItem]:
        """The images with their files; the same object while what they are found by has not changed."""
        if not self._found[0] or not same_listing(self._found[0], watched):
            self._found = watched, without_shared(find())
        return self._found[1]


def same_listing(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether two lists hold the same objects, of which paths and states of files are the same when they are equal."""
    return len(one) == len(other) and all(
        a is b or (isinstance(a, Path | list) and a == b) for a, b in zip(one, other, strict=True)
    )


def without_shared(items: dict[str, FolderItem]) -> dict[str, FolderItem]:
    """Items with a fault where several images have one file of objects."""
    users = Counter(item.file for item in items.values())
    for key, item in items.items():
        if users[item.file] > 1:
            names = " and ".join(sorted(one.image.name for one in items.values() if one.file == item.file))
            fault = f"{names} share {item.file}, which can belong to only one of them; rename the others"
            items[key] = replace(item, fault=fault)
    return items
