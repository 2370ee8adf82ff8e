"""Feature levels: select them by stride, and pad images to a multiple of the coarsest."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from jumok.errors import ConfigurationError


def levels_of(strides: Sequence[int], available: Sequence[int], who: str) -> list[int]:
    """Find levels by their strides; of several levels with one stride, the last.

    Args:
        strides: The strides to find.
        available: The strides of all levels.
        who: The network, as the message should name it.

    Returns:
        The index of each level.

    Raises:
        ConfigurationError: If no level has one of the strides.
    """
    if not strides or list(strides) != sorted(set(strides)):
        raise ConfigurationError(
            f"strides of {who} go from fine to coarse, each once, like 8, 16, 32; got {join_numbers(strides)}"
        )
    last = {stride: number for number, stride in enumerate(available)}
    for stride in strides:
        if stride not in last:
            raise ConfigurationError(
                f"{who} has no feature level of stride {stride}; it has strides {join_numbers(sorted(last))}"
            )
    return [last[stride] for stride in strides]


def join_numbers(numbers: Sequence[int]) -> str:
    """Numbers separated by commas, or "none"."""
    return ", ".join(map(str, numbers)) or "none"


def pad_to_multiple(images: Tensor, multiple: int) -> Tensor:
    """Images (B, C, Y, X) with zeros at the right and the bottom, so that both sides divide by `multiple`."""
    Y, X = images.shape[-2:]
    if Y % multiple == 0 == X % multiple:
        return images
    return F.pad(images, (0, -X % multiple, 0, -Y % multiple))
