"""The images of a job, and the name of each in the results."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from jumok.data.images.reading import SUFFIXES
from jumok.data.tables.listing import is_hidden
from jumok.data.tables.open_text import read_fault
from jumok.errors import DataError
from jumok.outputs import WRITTEN, OutputFolder
from jumok.predictor.jobs.events import DrawnImages, HiddenImages, JobWarning, RepeatedImages

MAX_PATH_CHARACTERS = 80  # characters of a path in a message


def named_images(arguments: Iterable[str]) -> Iterator[Path | JobWarning]:
    """The images of arguments, a folder standing for all images in it and below, sorted.

    Warnings come before the images of the folder that they are of. DataError for what is not there.
    """
    for argument in arguments:
        path = Path(argument)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            raise DataError(why_not_there(argument, error)) from None
        if stat.S_ISDIR(mode):
            yield from images_below(path)
        elif stat.S_ISREG(mode):
            yield path
        else:
            raise DataError(f"{path} is neither a file nor a folder; name an image or a folder of images")


def why_not_there(argument: str, error: Exception) -> str:
    """Why an argument is no image file, and what to do."""
    if isinstance(error, FileNotFoundError):
        return str(read_fault(Path(argument)))
    name = argument if len(argument) <= MAX_PATH_CHARACTERS else f"{argument[:MAX_PATH_CHARACTERS]}…"
    return f"{name!r} is no image file ({getattr(error, 'strerror', None) or error}); correct the path"


def images_below(folder: Path) -> Iterator[Path | JobWarning]:
    """The images of a folder and below, sorted; hidden ones and those that jumok drew are left out with a warning."""
    there = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.is_dir()
    )
    hidden = [path for path in there if is_hidden(path.relative_to(folder).parts)]
    shown = [path for path in there if not is_hidden(path.relative_to(folder).parts)]
    if hidden:
        yield HiddenImages(folder, len(hidden), hidden[0])
    drawn = drawn_here(folder, shown)
    if drawn:
        yield DrawnImages(folder, len(drawn))
    found = [path for path in shown if path not in drawn]
    if not found:
        raise DataError(f"{folder} holds no images; they end in {', '.join(SUFFIXES)}")
    yield from found


def drawn_here(folder: Path, images: Sequence[Path]) -> set[Path]:
    """Those of the images that an earlier prediction wrote into a folder, unchanged since."""
    homes = {home: OutputFolder(home) for home in sorted(path.parent for path in folder.rglob(WRITTEN))}
    return {
        image
        for home, files in homes.items()
        for image in images
        if image.is_relative_to(home) and files.is_ours(image.relative_to(home).as_posix())
    }


def listed_images(lines: Iterable[str], origin: str) -> Iterator[Path | JobWarning]:
    """The images of a list, one a line; empty lines are none. DataError with the line of what is not there."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from named_images([line.strip()])
            except DataError as error:
                raise DataError(f"{origin}:{number}: {error}") from None


def each_once(images: Iterable[Path]) -> tuple[list[Path], list[JobWarning]]:
    """Each file once, in order, with a warning about repeated ones."""
    given = list(images)
    first = {image.resolve(): image for image in reversed(given)}
    kept = [image for image in dict.fromkeys(given) if first[image.resolve()] is image]
    return kept, [RepeatedImages(len(given) - len(kept))] if len(kept) < len(given) else []


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
