"""The classes that objects and pixels have."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Class:
    """A class with what formats know of it beside its name."""

    name: str
    # COCO's category id, or the value of a pixel in a mask; None where the order says it
    id: int | None = None
    group: str | None = None  # COCO's supercategory
    colour: tuple[int, int, int] | None = None  # of its pixels in a coloured mask
