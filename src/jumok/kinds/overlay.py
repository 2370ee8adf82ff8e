"""The answers of all outputs on one image."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from jumok.drawing.sheet import LabelledImage
from jumok.kinds.classes import class_names
from jumok.kinds.contract import OutputField


def all_class_names(outputs: Mapping[str, OutputField]) -> list[str]:
    """The names of the classes of all outputs, each once."""
    return list(dict.fromkeys(name for field in outputs.values() for name in class_names(field)))


def overlaid(outputs: Mapping[str, OutputField], values: Mapping[str, Any], image: Tensor) -> LabelledImage:
    """One image of the values of all outputs: boxes over masks, texts in its title.

    Args:
        outputs: The outputs.
        values: A value of each output, by name.
        image: The pixels that they belong to (3, Y, X).

    Returns:
        The image, with classes as numbers among `all_class_names`; the image alone where nothing can be drawn.
    """
    layers = [(field, field.draw(values[name], image)) for name, field in outputs.items() if field.draw]
    if len(outputs) == 1:
        return layers[0][1] if layers else LabelledImage(image)
    names = all_class_names(outputs)
    renamed = [(layer, [names.index(name) for name in class_names(field)]) for field, layer in layers]
    boxed = [(layer, numbers) for layer, numbers in renamed if layer.boxes is not None]
    masks = [renumbered(layer.mask, numbers) for layer, numbers in renamed if layer.mask is not None]
    return LabelledImage(
        image,
        "  ·  ".join(layer.title for layer, _ in renamed if layer.title),
        torch.cat([layer.boxes for layer, _ in boxed if layer.boxes is not None]) if boxed else None,
        tuple(numbers[label] for layer, numbers in boxed for label in layer.labels),
        tuple(tag for layer, _ in boxed for tag in layer.tags),
        masks[-1] if masks else None,
    )


def renumbered(mask: Tensor, numbers: Sequence[int]) -> Tensor:
    """A mask (Y, X) with other numbers of its classes; -1 stays where nothing is known."""
    return torch.tensor([*numbers, -1], dtype=mask.dtype)[mask.long()]
