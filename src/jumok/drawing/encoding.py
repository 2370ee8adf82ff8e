"""Drawn pictures as the bytes of files."""

import io

from PIL import Image

QUALITIES = (88, 75, 60, 45)  # of JPEG, the first that is small enough is taken
SMALLER = 0.75  # of each side, where no quality is low enough
SMALLEST = 64  # pixels of a side, below which nothing is gained


def jpeg(image: Image.Image, most: int | None = None) -> bytes:
    """A picture as JPEG, of at most `most` bytes where that is possible."""
    while True:
        for quality in QUALITIES:
            data = encoded(image, quality)
            if most is None or len(data) <= most:
                return data
        if min(image.size) <= SMALLEST:
            return data
        width, height = (max(1, round(side * SMALLER)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)


def encoded(image: Image.Image, quality: int) -> bytes:
    """JPEG with the colours of every pixel, for thin lines keep theirs."""
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality, subsampling=0 if quality > 80 else 2)
    return file.getvalue()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()
