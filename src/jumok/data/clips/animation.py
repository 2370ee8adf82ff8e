"""Animations that Pillow decodes: GIF, WebP and PNG with several frames."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.data.images.reading import BROKEN, REPLACE, Size, check_pixels, undecodable
from jumok.data.tables.faults import UnreadableFile
from jumok.deferred import Deferred

if TYPE_CHECKING:
    import PIL
    from PIL import Image
else:  # Pillow is loaded only when there are images
    PIL, Image = Deferred("PIL"), Deferred("PIL.Image")

ANIMATIONS = ("GIF", "WEBP", "PNG")
ANIMATION_HEADS = (b"GIF8", b"RIFF", b"\x89PNG")


def is_animation(path: Path) -> bool:
    """Whether a file begins like one of the formats of animations."""
    with path.open("rb") as file:
        begin = file.read(12)
    return begin.startswith(ANIMATION_HEADS) and (begin[:4] != b"RIFF" or begin[8:12] == b"WEBP")


class AnimationClip:
    """The frames of an animation, as they are shown: each is drawn over the one before it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with Image.open(self.path, formats=ANIMATIONS) as image:
                check_pixels(self.path, image.size)
                yield image
        except PIL.UnidentifiedImageError:
            problem = "is damaged, expected an animation"
            raise UnreadableFile(undecodable(self.path, problem, REPLACE)) from None
        except BROKEN as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            problem = f"cannot be decoded ({reason})"
            raise UnreadableFile(undecodable(self.path, problem, REPLACE)) from None

    @cached_property
    def count(self) -> int:
        """The number of frames."""
        with self._opened() as image:
            return int(getattr(image, "n_frames", 1))

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height of the canvas."""
        with self._opened() as image:
            return Size(*image.size)

    def frames(self, numbers: Sequence[int]) -> Iterator[Any]:
        """The frames, one after another."""
        with self._opened() as image:
            for number in numbers:
                image.seek(number)
                yield image.convert("RGB")

    def seconds(self, numbers: Sequence[int]) -> list[float] | None:
        """When each frame is shown, by how long those before it stay."""
        starts, now = [], 0.0
        with self._opened() as image:
            for number in range(max(numbers) + 1):
                image.seek(number)
                image.load()  # WebP knows it only then
                starts.append(now)
                now += image.info.get("duration", 0) / 1000
        return [starts[number] for number in numbers] if now else None
