"""Sheets of labelled images, with boxes, names and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import ceil, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from jumok.data.annotations.annotated import BACKGROUND
from jumok.data.annotations.palette import PALETTE, Colour
from jumok.deferred import Deferred

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont
else:  # Pillow is loaded only when there are images
    Image, ImageDraw, ImageFont = (Deferred(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont"))

transforms = Deferred("torchvision.transforms.v2.functional")
utilities = Deferred("torchvision.utils")

PAPER, INK = (250, 250, 250), (30, 30, 30)
GAP = 12  # pixels between images
OPACITY = 0.5  # of masks
MIN_LETTER_SIZE = 16  # pixels of the letters of a legend
LINES = 4  # of a title
TAG_TRIES = 4  # places for a tag
TALLEST = 1.5  # height of an image over the width of its place
EASTERN = (  # fonts with Chinese, Japanese and Korean signs, on whatever system
    *("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo"),
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "Unifont"),
)

Edges = tuple[int, int, int, int]  # left, upper, right, lower


@dataclass(frozen=True)
class LabelledImage:
    """An image with annotations or predictions, classes as numbers."""

    pixels: Tensor  # (3, Y, X) uint8
    title: str = ""
    boxes: Tensor | None = None  # (N, 4)
    labels: tuple[int, ...] = ()  # the class of each box
    tags: tuple[str, ...] = ()  # label of each box; the name of its class by default
    mask: Tensor | None = None  # (Y, X), the class of each pixel, -1 for none

    @property
    def is_marked(self) -> bool:
        """Whether there is anything to draw on the image."""
        return self.boxes is not None or self.mask is not None


def draw_sheet(
    images: Sequence[LabelledImage],
    classes: Sequence[str],
    columns: int | None = None,
    cell: int = 480,
    counted: bool = True,
) -> Image.Image:
    """Draw images in a grid, with a legend of the classes that occur.

    Args:
        images: The images.
        classes: Names of the classes.
        columns: Images per row; about a square grid by default.
        cell: Width of an image in pixels.
        counted: Whether the legend has the number of boxes of each class.

    Returns:
        The sheet.
    """
    columns = columns or max(1, ceil(sqrt(len(images))))
    tiles = [titled(draw_image(image, classes, cell), image.title, cell) for image in images]
    lines = [tiles[i : i + columns] for i in range(0, len(tiles), columns)]
    width = columns * (cell + GAP) + GAP
    legend = draw_legend(images, classes, width, counted, max(MIN_LETTER_SIZE, cell // 36))
    heights = [max(tile.height for tile in line) + GAP for line in lines]
    sheet = Image.new("RGB", (width, GAP + sum(heights) + legend.height), PAPER)
    top = GAP
    for line, height in zip(lines, heights, strict=True):
        for i, tile in enumerate(line):
            sheet.paste(tile, (GAP + i * (cell + GAP), top))
        top += height
    sheet.paste(legend, (0, top))
    return sheet


def draw_image(image: LabelledImage, classes: Sequence[str], width: int) -> Image.Image:
    """Draw one image with its mask, boxes and names.

    Args:
        image: The image.
        classes: Names of the classes.
        width: Width of the result in pixels; tall images become narrower.

    Returns:
        The drawn image.
    """
    scale = min(width / image.pixels.shape[2], TALLEST * width / image.pixels.shape[1])
    size = max(1, round(image.pixels.shape[2] * scale)), max(1, round(image.pixels.shape[1] * scale))
    shown = transforms.to_pil_image(image.pixels).resize(size, Image.Resampling.LANCZOS)
    pixels = transforms.pil_to_tensor(shown)  # (3, Y, X)
    if image.mask is not None:
        pixels = with_mask(pixels, image.mask, classes)
    if image.boxes is None or not len(image.boxes):
        return transforms.to_pil_image(pixels)
    boxes = ordered(image.boxes.float() * scale)  # (N, 4)
    colours = [PALETTE[label % len(PALETTE)] for label in image.labels]
    thick = max(2, round(width / 320))
    drawn = transforms.to_pil_image(
        utilities.draw_bounding_boxes(pixels, boxes, colors=list(colours), width=thick)
    )
    names = image.tags or [classes[label] for label in image.labels]
    draw_names(drawn, boxes.tolist(), names, colours)
    return drawn


def ordered(boxes: Tensor) -> Tensor:
    """Boxes (N, 4) with the smaller edges first, so that faulty boxes can be drawn."""
    return torch.cat((boxes[:, :2].minimum(boxes[:, 2:]), boxes[:, :2].maximum(boxes[:, 2:])), 1)


def is_painted(number: int, classes: Sequence[str]) -> bool:
    """Whether pixels of a class are painted; the background is not."""
    return number >= 0 and not (number < len(classes) and classes[number] == BACKGROUND)


def with_mask(pixels: Tensor, mask: Tensor, classes: Sequence[str]) -> Tensor:
    """Blend a mask over an image; the background stays unchanged.

    Args:
        pixels: The image (3, Y, X).
        mask: The class of each pixel, of any size.
        classes: Names of the classes.

    Returns:
        The image (3, Y, X).
    """
    size = (pixels.shape[2], pixels.shape[1])
    fitted = Image.fromarray(mask.numpy().astype(np.int32)).resize(size, Image.Resampling.NEAREST)
    numbers = torch.from_numpy(np.array(fitted))  # (Y, X)
    found = [int(number) for number in numbers.unique() if is_painted(int(number), classes)]
    if not found:
        return pixels
    layers = torch.stack([numbers == number for number in found])  # (C, Y, X)
    colours = [PALETTE[number % len(PALETTE)] for number in found]
    return utilities.draw_segmentation_masks(pixels, layers, alpha=OPACITY, colors=list(colours))


def draw_names(
    image: Image.Image, boxes: list[list[float]], names: Sequence[str], colours: Sequence[Colour]
) -> None:
    """Draw the name of each box in a tag on its upper edge, moved to free places.

    Args:
        image: The image to draw on.
        boxes: Boxes in pixels.
        names: The text of each tag.
        colours: The colour of each tag.
    """
    draw = ImageDraw.Draw(image)
    font = font_for("".join(names), max(9, round(image.width / 44)))
    texts = [tuple(map(round, draw.textbbox((0, 0), name, font=font))) for name in names]
    places = tag_places(boxes, [(r - le + 6, b - t + 5) for le, t, r, b in texts], image.size)
    for (left, top, _, _), place, name, colour in zip(texts, places, names, colours, strict=True):
        draw.rectangle((*place[:2], place[2] - 1, place[3] - 1), fill=colour)
        draw.text((place[0] + 3 - left, place[1] + 2 - top), name, fill=ink_on(colour), font=font)


def tag_places(
    boxes: Sequence[Sequence[float]], sizes: Sequence[tuple[int, int]], image: tuple[int, int]
) -> list[Edges]:
    """Find a place for the tag of each box; later boxes choose first.

    Args:
        boxes: Boxes in pixels.
        sizes: Width and height of each tag.
        image: Width and height of the image.

    Returns:
        The edges of each tag.
    """
    taken: list[Edges] = []
    for (x1, y1, _, _), (width, height) in list(zip(boxes, sizes, strict=True))[::-1]:
        above = round(y1) - height
        x = max(0, min(round(x1), image[0] - width))
        y = free_height(x, above if above >= 0 else round(y1), width, height, image[1], taken)
        taken.append((x, y, x + width, y + height))
    return taken[::-1]


def free_height(x: int, wanted: int, width: int, height: int, most: int, taken: Sequence[Edges]) -> int:
    """Find a free height for a tag: the wanted one, or a few tags below.

    Args:
        x: Left edge of the tag.
        wanted: Its preferred upper edge.
        width: Its width.
        height: Its height.
        most: The largest upper edge.
        taken: Edges of the tags that are placed.

    Returns:
        The upper edge.
    """
    for step in range(TAG_TRIES):
        y = max(0, min(wanted + step * height, most - height))
        here = (x, y, x + width, y + height)
        if not any(meet(here, other) for other in taken):
            return y
    return max(0, min(wanted, most - height))


def meet(one: Edges, other: Edges) -> bool:
    """Whether two rectangles overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def titled(image: Image.Image, title: str, width: int) -> Image.Image:
    """Add a title above an image.

    Args:
        image: The image.
        title: The title.
        width: Width of the result in pixels.

    Returns:
        Image and title in a frame.
    """
    if not title:
        return image
    font = font_for(title, max(11, width // 36))
    lines = wrap_text(title, font, width)
    height = round(font.size * 1.6)
    framed = Image.new("RGB", (width, image.height + height * len(lines)), PAPER)
    draw = ImageDraw.Draw(framed)
    for i, line in enumerate(lines):
        draw.text((0, i * height), line, fill=INK, font=font)
    framed.paste(image, (0, height * len(lines)))
    return framed


def wrap_text(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Wrap a text into a few lines; words that are too long keep their end, which is more useful in paths.

    Args:
        text: The text.
        font: The font.
        width: Width of a line in pixels.

    Returns:
        The lines.
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    if len(lines) > LINES:
        lines = [*lines[: LINES - 1], lines[LINES - 1] + " …"]
    return [shorten_line(line, font, width) for line in lines]


def shorten_line(line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Shorten a line from the left.

    Args:
        line: The text.
        font: The font.
        width: Width in pixels.

    Returns:
        The end of the line that fits, with an ellipsis in front if it was shortened.
    """
    while len(line) > 1 and font.getlength(line) > width:
        line = "…" + line.lstrip("…")[1:]
    return line


def draw_legend(
    images: Sequence[LabelledImage], classes: Sequence[str], width: int, counted: bool, size: int = 16
) -> Image.Image:
    """Draw a legend of the classes that occur.

    Args:
        images: The images.
        classes: Names of the classes.
        width: Width of the legend in pixels.
        counted: Whether to write the number of boxes of each class.
        size: Size of the letters in pixels.

    Returns:
        The legend, in as many lines as it needs.
    """
    counts = {number: 0 for image in images for number in present(image, classes)}
    for image in images:
        for label in image.labels:
            counts[label] += 1
    font = font_for("".join(classes), size)
    draw = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    entries: list[tuple[int, int, int, str]] = []  # x, y, class, text
    x, y = GAP, 4
    for number in sorted(counts):
        text = f"{classes[number]} ({counts[number]:,})" if counted and counts[number] else classes[number]
        needed = round(2.75 * size) + round(draw.textlength(text, font=font))
        if x + needed > width and x > GAP:
            x, y = GAP, y + round(1.625 * size)
        entries.append((x, y, number, text))
        x += needed
    legend = Image.new("RGB", (width, y + 2 * size if entries else 1), PAPER)
    draw = ImageDraw.Draw(legend)
    for x, y, number, text in entries:
        draw.rectangle((x, y + 2, x + size, y + 2 + size), fill=PALETTE[number % len(PALETTE)], outline=INK)
        draw.text((x + round(1.5 * size), y), text, fill=INK, font=font)
    return legend


def present(image: LabelledImage, classes: Sequence[str]) -> list[int]:
    """The classes that are drawn in an image, as far as they have names."""
    masked = [] if image.mask is None else image.mask.unique().tolist()
    found = [*image.labels, *(number for number in masked if is_painted(number, classes))]
    return [number for number in found if number < len(classes)]


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is easier to read on a colour."""
    red, green, blue = colour
    return (0, 0, 0) if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else (255, 255, 255)


def font_for(text: str, size: int) -> ImageFont.FreeTypeFont:
    """A font that has the letters of a text, if the system has one."""
    eastern = any(ord(letter) >= 0x2E80 for letter in text)
    return ImageFont.truetype(str(font_file(eastern)), size)


@cache
def font_file(eastern: bool) -> Path:
    """DejaVu Sans, which comes with matplotlib, or a font for Chinese, Japanese and Korean, if there is one."""
    import matplotlib  # takes a while to load

    western = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    if not eastern:
        return western
    from matplotlib.font_manager import fontManager

    installed = {font.name: Path(font.fname) for font in fontManager.ttflist}
    return next((installed[name] for name in EASTERN if name in installed), western)
