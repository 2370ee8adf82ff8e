"""Colours of classes: well separated for the first twenty, then spread over all hues."""

from colorsys import hsv_to_rgb

Colour = tuple[int, int, int]

FIRST_COLOURS = (
    *("e6194b", "3cb44b", "4363d8", "ffe119", "f58231", "911eb4", "42d4f4", "f032e6", "bfef45", "fabed4"),
    *("469990", "dcbeff", "9a6324", "fffac8", "800000", "aaffc3", "808000", "ffd8b1", "000075", "a9a9a9"),
)
GOLDEN = 0.618034  # of the wheel between two colours, so that neighbours differ


def colour_of(number: int) -> Colour:
    """The colour of class `number`."""
    if number < len(FIRST_COLOURS):
        red, green, blue = bytes.fromhex(FIRST_COLOURS[number])
        return red, green, blue
    saturation, value = (0.85, 0.6, 0.95)[number % 3], (0.95, 0.7)[number % 2]
    red, green, blue = (round(255 * part) for part in hsv_to_rgb(number * GOLDEN % 1, saturation, value))
    return red, green, blue


PALETTE = tuple(colour_of(number) for number in range(256))
