"""What outputs need of the encoder of an image."""

from typing import NamedTuple


class FeatureRequest(NamedTuple):
    """What an output needs of the encoder of an image."""

    strides: tuple[int, ...]  # of the levels, as far as the backbone has them
    states: bool = False  # the cells of one level one by one, and no maps
    neck: bool = False  # levels that know of each other, if nothing else is said
