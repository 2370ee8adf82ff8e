"""Images and clips as the arrays that a program takes."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def image_arrays(value: Any, about: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """An image, its path or its pixels (Y, X, 3), scaled to the size that the model reads."""
    scaled, shown, original = scaled_image(value, about["size"])
    return {
        "pixels": scaled[None],
        "valid_size": np.array([shown], dtype=np.int64),
        "original": np.array([original], dtype=np.int64),
    }


def clip_arrays(value: Any, about: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """A clip: a list of images, or the path of a folder of nothing but them, in the order of their names."""
    frames = sorted(Path(value).iterdir(), key=in_order) if isinstance(value, str | Path) else list(value)
    scaled = [scaled_image(frames[number], about["size"]) for number in chosen_frames(len(frames), about)]
    return {
        "images.pixels": np.stack([one[0] for one in scaled]),
        "images.valid_size": np.array([one[1] for one in scaled], dtype=np.int64),
        "images.original": np.array([one[2] for one in scaled], dtype=np.int64),
        "valid": np.ones((1, len(scaled)), dtype=bool),
    }


def in_order(path: Path) -> list[tuple[bool, int, str]]:
    """A key by which 2.png comes before 10.png."""
    parts = re.split(r"(\d+)", path.name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def chosen_frames(available: int, about: Mapping[str, Any]) -> Sequence[int]:
    """The numbers of the frames that are read of so many; ValueError where they are too few."""
    frames, every = about["frames"], about["every"]
    if about["sampling"] == "stride":
        return range(0, available, every)[:frames]
    if available < frames:
        raise ValueError(f"the clip has {available} frames, expected {frames} or more")
    return [round(number * (available - 1) / max(1, frames - 1)) for number in range(frames)]


def scaled_image(value: Any, size: int) -> tuple[np.ndarray, tuple[int, int], tuple[int, int]]:
    """The pixels (3, Y, X) of an image whose longer side is `size`; height and width of it, and as it came."""
    from PIL import Image, ImageOps

    if isinstance(value, np.ndarray):
        image: Any = Image.fromarray(value)
    elif isinstance(value, Image.Image):
        image = value
    else:
        image = ImageOps.exif_transpose(Image.open(value))
    width, height = image.size
    scale = size / max(width, height)
    shown = (min(size, max(1, round(height * scale))), min(size, max(1, round(width * scale))))
    scaled = image.convert("RGB").resize(shown[::-1], Image.Resampling.BILINEAR)
    return np.asarray(scaled).transpose(2, 0, 1), shown, (height, width)
