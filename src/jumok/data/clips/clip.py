"""Clips: what their cells name, how many frames they have, and their frames, decoded only when they are asked for."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from jumok.data.clips.animation import AnimationClip, is_animation
from jumok.data.clips.sampling import FrameSampling
from jumok.data.clips.video import VideoClip
from jumok.data.images.reading import (
    SUFFIXES,
    Size,
    as_rgb,
    open_image,
    read_header,
    require_image_file,
    upright,
)
from jumok.data.tables.faults import Fault, UnreadableFile, fail
from jumok.data.tables.open_text import nearest_file
from jumok.wording import quantity

NUMBER_IN_NAME = re.compile(r"(\d+)")
LAST_NUMBER = re.compile(r"^(.*?)(\d+)(\D*)$")


class Clip(Protocol):
    """Frames one after another."""

    @property
    def count(self) -> int:
        """How many frames there are; raises UnreadableFile."""
        ...

    @property
    def files(self) -> Sequence[Path]:
        """The files and folders that hold the frames."""
        ...

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height of all of these frames; raises UnreadableFile where they differ."""
        ...

    def frames(self, numbers: Sequence[int]) -> Iterator[Any]:
        """These frames, numbers in ascending order, as RGB images of Pillow's; one at a time is in memory."""
        ...

    def seconds(self, numbers: Sequence[int]) -> list[float] | None:
        """When each of these frames is shown; None if nothing says it."""
        ...


class ImagesClip:
    """Frames that are image files of their own."""

    def __init__(self, paths: Sequence[Path], folder: Path | None = None) -> None:
        self.paths, self.folder = list(paths), folder

    @property
    def count(self) -> int:
        """The number of files."""
        return len(self.paths)

    @property
    def files(self) -> Sequence[Path]:
        """The folder, and the images."""
        return [*([] if self.folder is None else [self.folder]), *self.paths]

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height, which all frames share."""
        sizes = {number: read_frame_header(self.paths[number]) for number in dict.fromkeys(numbers)}
        first, *others = sizes
        for number in others:
            if sizes[number] != sizes[first]:
                problem = (
                    f"is {sizes[number]}, but {self.paths[first].name} of the same clip is {sizes[first]}"
                )
                remedy = "scale the frames of a clip to one size"
                raise fail(self.paths[number], None, problem, remedy, "frame_size")
        return sizes[first]

    def frames(self, numbers: Sequence[int]) -> Iterator[Any]:
        """The images, one after another."""
        for number in numbers:
            with open_image(self.paths[number]) as image:
                frame = as_rgb(self.paths[number], upright(image))
            yield frame

    def seconds(self, numbers: Sequence[int]) -> None:
        """Nothing says it."""


class MemoryClip:
    """Frames that are images in memory."""

    files: Sequence[Path] = ()

    def __init__(self, images: Sequence[Any]) -> None:
        self.images = images

    @property
    def count(self) -> int:
        """The number of images."""
        return len(self.images)

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height, which all frames share."""
        sizes = {self.images[number].size for number in numbers}
        if len(sizes) > 1:
            listed = ", ".join(str(Size(*size)) for size in sorted(sizes))
            problem, remedy = f"have different sizes ({listed})", "scale them to one size"
            raise UnreadableFile(Fault("the frames", None, problem, remedy, "frame_size"))
        return Size(*sizes.pop())

    def frames(self, numbers: Sequence[int]) -> Iterator[Any]:
        """The images, one after another."""
        for number in numbers:
            yield self.images[number].convert("RGB")

    def seconds(self, numbers: Sequence[int]) -> None:
        """Nothing says it."""


def open_clip(cell: str, root: Path) -> Clip:
    """The clip that a cell names: a folder, an animation, a video, or a list of images as JSON.

    Args:
        cell: The text of the cell.
        root: Where relative paths start.

    Returns:
        The clip.

    Raises:
        UnreadableFile: There is none.
        DataError: It is a video, and no decoder is installed.
    """
    paths = paths_of(cell, root)
    return ImagesClip(paths) if names_images(cell) else clip_at(paths[0])


def names_images(cell: str) -> bool:
    """Whether a cell is a list of images."""
    return cell.lstrip().startswith("[")


def paths_of(cell: str, root: Path) -> list[Path]:
    """The images, or the one folder or file, that a cell names, whether they exist or not; raises UnreadableFile."""
    return [root / path for path in (listed_frames(cell) if names_images(cell) else [cell])]


def listed_frames(cell: str) -> list[str]:
    """The paths of a list as JSON; raises UnreadableFile."""
    remedy = 'write a list of paths, like ["a/1.png", "a/2.png"]'
    try:
        paths = json.loads(cell)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(
            Fault(cell_in_short(cell), None, f"is no JSON ({error})", remedy, "bad_list")
        ) from None
    if not paths or not all(isinstance(path, str) and path.strip() for path in paths):
        raise UnreadableFile(
            Fault(cell_in_short(cell), None, "is no list of paths of images", remedy, "bad_list")
        )
    return list(paths)


def clip_at(path: Path) -> Clip:
    """The clip in a folder or file; raises UnreadableFile."""
    if path.is_dir():
        return folder_clip(path)
    require_image_file(path)  # whole files that are there
    return AnimationClip(path) if is_animation(path) else VideoClip(path)


def folder_clip(folder: Path) -> ImagesClip:
    """The images of a folder in their natural order; raises UnreadableFile where there is none, or one is missing."""
    paths = sorted((path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES), key=natural)
    if not paths:
        problem, remedy = f"holds no frames ({', '.join(SUFFIXES)})", "write some into it, or remove the row"
        raise fail(folder, None, problem, remedy, "empty_clip")
    if gap := missing_frame([path.name for path in paths]):
        problem = f"lacks the frame {gap}"
        remedy = "add it, or list the frames that there are as JSON"
        raise fail(folder, None, problem, remedy, "missing_frame")
    return ImagesClip(paths, folder)


def natural(path: Path) -> list[tuple[bool, int, str]]:
    """A key by which frame2 comes before frame10."""
    return [
        (part.isdigit(), int(part) if part.isdigit() else 0, part) for part in NUMBER_IN_NAME.split(path.name)
    ]


def missing_frame(names: Sequence[str]) -> str | None:
    """The first missing name of frames that are numbered in equal steps; None where none is, or they are not."""
    found = [LAST_NUMBER.match(name) for name in names]
    parts = [match.groups() for match in found if match is not None]
    if len(parts) < max(3, len(names)) or len({(before, after) for before, _, after in parts}) > 1:
        return None
    numbers = [int(number) for _, number, _ in parts]
    steps = [after - before for before, after in zip(numbers, numbers[1:], strict=False)]
    usual = min(steps)
    if usual < 1:
        return None
    for number, step in zip(numbers, steps, strict=False):
        if step != usual:
            before, digits, after = parts[0]
            return f"{before}{number + usual:0{len(digits)}d}{after}"
    return None


def read_frame_header(path: Path) -> Size:
    """Width and height of a frame; raises UnreadableFile."""
    try:
        return read_header(path).size
    except UnreadableFile as unreadable:
        if unreadable.fault.kind != "missing_file":
            raise
        problem = "does not exist, and is a frame of a clip"
        fault = Fault(str(path), None, problem, nearest_file(path), "missing_frame")
        raise UnreadableFile(fault) from None


def chosen_frames(clip: Clip, name: str, sampling: FrameSampling) -> list[int]:
    """The numbers of the frames that are read of a clip; raises UnreadableFile where it has too few.

    `name` is what the clip is called in a message.

    Args:
        clip: The clip.
        name: What the clip is called in a message.
        sampling: Which frames are read.

    Returns:
        The numbers of the frames, from 0.

    Raises:
        UnreadableFile: The clip has too few frames.
    """
    if clip.count < sampling.fewest:
        problem = f"has {quantity(clip.count, 'frame')}, and frames: {sampling.frames} are asked for"
        remedy = "ask for fewer, say sampling: stride, or remove the row"
        raise UnreadableFile(Fault(name, None, problem, remedy, "too_few_frames"))
    return sampling.numbers(clip.count)


def cell_in_short(text: str) -> str:
    """A text, cut to 60 characters."""
    return text if len(text) <= 60 else text[:60] + "…"
