"""The images that a command line names, and what each is called in what is written about it."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from jumok.cli.console import say
from jumok.data.images import SUFFIXES, is_hidden
from jumok.data.reading import why_unreadable
from jumok.errors import DataError


def named_images(arguments: Iterable[str]) -> Iterator[Path]:
    """The images of arguments, a folder standing for all images in it and below, sorted.

    DataError for what is not there.
    """
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            yield from images_below(path)
        elif path.exists():
            yield path
        else:
            raise DataError(str(why_unreadable(path)))


def images_below(folder: Path) -> list[Path]:
    """The images of a folder and below, sorted; hidden ones are left out with a word."""
    there = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    found = [path for path in there if not is_hidden(path.relative_to(folder))]
    if len(found) < len(there):
        hidden = next(path for path in there if is_hidden(path.relative_to(folder)))
        say(f"note: {len(there) - len(found):,} hidden image(s) below {folder} are left out, like {hidden}")
    if not found:
        raise DataError(f"{folder} holds no images; they end in {', '.join(SUFFIXES)}")
    return found


def listed_images(lines: Iterable[str], origin: str) -> Iterator[Path]:
    """The images of a list, one a line; empty lines are none. DataError with the line of what is not there."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from named_images([line.strip()])
            except DataError as error:
                raise DataError(f"{origin}:{number}: {error}") from None


def distinct_names(images: Sequence[Path]) -> list[str]:
    """A name for each of different images: without folder and suffix if all then differ, else with what it takes."""
    common = Path(os.path.commonpath([image.absolute().parent for image in images])) if images else Path()
    below = [image.absolute().relative_to(common) for image in images]
    ways = (
        [image.stem for image in images],
        [image.with_suffix("").as_posix() for image in below],
        [image.as_posix() for image in below],
    )
    return next((names for names in ways if all_differ(names)), ways[-1])


def all_differ(names: Sequence[str]) -> bool:
    """Whether no two are equal, for file systems that know no capital letters, too."""
    return len({name.casefold() for name in names}) == len(names)


def image_ids(names: Sequence[str]) -> list[int] | list[str]:
    """Numbers where all names are different numbers, as COCO's are ("000000397133"); otherwise the names."""
    stems = [PurePosixPath(name).name for name in names]
    if not all(stem.isascii() and stem.isdigit() for stem in stems):
        return list(names)
    numbers = [int(stem) for stem in stems]
    return numbers if len(set(numbers)) == len(numbers) else list(names)
