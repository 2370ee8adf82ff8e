"""Mosaic augmentation: four images around a point of one canvas (Bochkovskiy et al., 2020).

The model sees objects of four images at once, cropped at new places and with new neighbours.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from jumok.data.images.resizing import UNKNOWN_CLASS, ImageSample

Centre = tuple[int, int]  # row and column


def quarters(canvas: tuple[int, int], centre: Centre) -> list[tuple[int, int]]:
    """Height and width of the four quarters around a centre: upper left, upper right, lower left, lower right."""
    rows, columns = (centre[0], canvas[0] - centre[0]), (centre[1], canvas[1] - centre[1])
    return [(height, width) for height in rows for width in columns]


def mosaic(tiles: Sequence[ImageSample], canvas: tuple[int, int], centre: Centre) -> ImageSample:
    """Put four images together, each with a corner at the centre.

    Uncovered pixels are black and of unknown class. The original size is that of the first image.

    Args:
        tiles: The images, each no larger than its quarter.
        canvas: Height and width of the mosaic in pixels.
        centre: Row and column of the point where they meet.

    Returns:
        The mosaic with boxes and mask.
    """
    first = tiles[0]
    places = list(tile_corners(tiles, centre))
    image = first.image.new_zeros(3, *canvas)
    mask = (
        None if first.mask is None else first.mask.new_full((*first.mask.shape[:-2], *canvas), UNKNOWN_CLASS)
    )
    for tile, (top, left) in zip(tiles, places, strict=True):
        rows, columns = slice(top, top + tile.size[0]), slice(left, left + tile.size[1])
        image[:, rows, columns] = tile.image
        if mask is not None and tile.mask is not None:
            mask[..., rows, columns] = tile.mask
    return ImageSample(
        image,
        first.original,
        boxes=concat_boxes([shifted(tile.boxes, *place) for tile, place in zip(tiles, places, strict=True)]),
        labels=concat_boxes([tile.labels for tile in tiles]),
        crowd=concat_boxes([tile.crowd for tile in tiles]),
        mask=mask,
        owners=concat_boxes([tile.owners for tile in tiles]),
    )


def tile_corners(tiles: Sequence[ImageSample], centre: Centre) -> Iterator[tuple[int, int]]:
    """Row and column of the upper left pixel of each tile."""
    for number, tile in enumerate(tiles):
        height, width = tile.size
        yield centre[0] - height * (number < 2), centre[1] - width * (number % 2 == 0)


def shifted(boxes: Tensor | None, top: int, left: int) -> Tensor | None:
    """Boxes (N, 4) moved down by `top` and right by `left` pixels."""
    return None if boxes is None else boxes + boxes.new_tensor((left, top, left, top))


def concat_boxes(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Concatenate tensors; None if one is missing."""
    known = [part for part in parts if part is not None]
    return torch.cat(known) if len(known) == len(parts) else None
