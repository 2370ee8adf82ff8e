"""A signal as a small line drawing."""

from collections.abc import Sequence
from urllib.parse import quote

SPARK_WIDTH, SPARK_HEIGHT = 96, 38  # pixels
SPARK_POINTS = 64  # of a line, at most; each the mean of neighbouring values
SPARK_LANES = 4  # channels that are drawn one below the other; of more, the first ones
SPARK_COLOUR = "#2b8f86"  # seen on light and on dark paper
SPARK_MARGIN = 2  # pixels above and below a line

Line = Sequence[float | None]  # values in order; None where nothing was measured


def sparkline(lines: Sequence[Line], width: int = SPARK_WIDTH, height: int = SPARK_HEIGHT) -> str:
    """The first channels of a signal as SVG, each in a lane of its own and as high as its values.

    Args:
        lines: The values of each channel.
        width: Width of the drawing in pixels.
        height: Height of the drawing in pixels.

    Returns:
        The SVG, of a few kilobytes.
    """
    shown = [means(line) for line in lines[:SPARK_LANES]]
    lane = height / max(1, len(shown))
    paths = [
        f'<path d="{lane_path(line, i * lane, lane, width)}" fill="none" stroke="{SPARK_COLOUR}" stroke-width="1.2" '
        'vector-effect="non-scaling-stroke" stroke-linejoin="round" stroke-linecap="round"/>'
        for i, line in enumerate(shown)
    ]
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(paths)}</svg>'


def sparkline_url(lines: Sequence[Line]) -> str:
    """The drawing of a signal as a data URL."""
    return "data:image/svg+xml," + quote(sparkline(lines))


def means(line: Line) -> list[float | None]:
    """A line of at most SPARK_POINTS values: means of the measured ones among neighbours, None where there are none."""
    count = min(SPARK_POINTS, len(line))
    edges = [round(i * len(line) / count) for i in range(count + 1)] if count else []
    parts = [
        [value for value in line[first:end] if value is not None]
        for first, end in zip(edges, edges[1:], strict=False)
    ]
    return [sum(part) / len(part) if part else None for part in parts]


def lane_path(line: Sequence[float | None], top: float, height: float, width: int) -> str:
    """The path of a line, broken where values are missing.

    Args:
        line: The values.
        top: The upper edge of the lane in pixels.
        height: The height of the lane in pixels.
        width: The width of the lane in pixels.

    Returns:
        The `d` of an SVG path.
    """
    known = [value for value in line if value is not None]
    if not known:
        return ""
    low, span = min(known), max(known) - min(known) or 1.0
    step, room = width / max(1, len(line) - 1), max(0.0, height - 2 * SPARK_MARGIN)
    parts, is_open = [], False
    for i, value in enumerate(line):
        if value is not None:
            y = top + SPARK_MARGIN + room * (1 - (value - low) / span)
            parts.append(f"{'L' if is_open else 'M'}{i * step:.1f} {y:.1f}")
        is_open = value is not None
    return "".join(parts)
