"""All kinds of the fields of an experiment, fitted on its training data or loaded from a saved model."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from jumok.deferred import Deferred
from jumok.errors import ConfigurationError
from jumok.kinds.contract import Embeddings, InputKind, Kind, OutputKind, TrainingData
from jumok.model import EncoderDecoder

if TYPE_CHECKING:
    from jumok.kinds import boxes, image, mask, text
    from jumok.kinds.boxes_options import BoxesOutput
    from jumok.kinds.field_options import Inputs, Outputs
    from jumok.kinds.image_options import ImageInput
    from jumok.kinds.mask_options import MaskOutput
    from jumok.kinds.options import ModelOptions, TokenOptions
else:  # an experiment loads the kinds that it has
    text, image = Deferred("jumok.kinds.text"), Deferred("jumok.kinds.image")
    boxes, mask = Deferred("jumok.kinds.boxes"), Deferred("jumok.kinds.mask")


class Fields(NamedTuple):
    """The inputs and outputs of a model, by name, all fitted."""

    inputs: Mapping[str, InputKind]
    outputs: Mapping[str, OutputKind]

    @property
    def all(self) -> dict[str, Kind]:
        return {**self.inputs, **self.outputs}


class Makers(NamedTuple):
    """How fields of each kind are made, from training data or from a folder."""

    texts: "Callable[[text.Fields], Mapping[str, text.Text]]"  # all at once: they may share a vocabulary
    image: "Callable[[str, ImageInput, bool], image.Image]"
    boxes: "Callable[[str, BoxesOutput, str], boxes.Boxes]"
    mask: "Callable[[str, MaskOutput, str], mask.Mask]"


def fit(
    inputs: "Inputs", outputs: "Outputs", tokens: "TokenOptions", limit: int, material: TrainingData
) -> Fields:
    """Learn from the training data what each field's kind needs to know."""
    makers = Makers(
        lambda fields: text.fit(fields, tokens, limit, material),
        lambda name, options, reads: image.fit(name, options, reads, material),
        lambda name, options, on: boxes.fit(name, options, on, material),
        lambda name, options, on: mask.fit(name, options, on, material),
    )
    return made(inputs, outputs, makers)


def load(inputs: "Inputs", outputs: "Outputs", tokens: "TokenOptions", limit: int, folder: Path) -> Fields:
    """Read what `fit` had learned from the folder of a model."""
    makers = Makers(
        lambda fields: text.load(fields, tokens, limit, folder),
        lambda name, options, reads: image.load(name, options, reads, folder),
        lambda name, options, on: boxes.load(name, options, on, folder),
        lambda name, options, on: mask.load(name, options, on, folder),
    )
    return made(inputs, outputs, makers)


def made(inputs: "Inputs", outputs: "Outputs", makers: Makers) -> Fields:
    """All fields, each by the maker of its kind."""
    both: dict[str, Any] = {**inputs, **outputs}
    texts = {name: one for name, one in both.items() if one.kind == "text"}
    fitted: dict[str, Any] = dict(makers.texts(texts)) if texts else {}
    reads = any(name in texts for name in outputs)
    images = [name for name, one in inputs.items() if one.kind == "image"]
    for name, one in both.items():
        if one.kind == "image":
            fitted[name] = makers.image(name, one, reads)
        elif one.kind == "boxes":
            fitted[name] = makers.boxes(name, one, images[0])
        elif one.kind == "mask":
            fitted[name] = makers.mask(name, one, images[0])
    return Fields({name: fitted[name] for name in inputs}, {name: fitted[name] for name in outputs})


def build_model(fields: Fields, options: "ModelOptions") -> EncoderDecoder:
    """The model of these inputs and outputs, with fresh weights from torch's random state."""
    for name in fields.all:
        if hasattr(nn.ModuleDict(), name):
            raise ConfigurationError(f"{name!r} means something else to this PyTorch; choose another name")
    tables: Embeddings = {}
    encoders = {name: kind.encoder(tables, options, fields.outputs) for name, kind in fields.inputs.items()}
    decoders = {name: kind.decoder(tables, options, encoders) for name, kind in fields.outputs.items()}
    return EncoderDecoder(encoders, decoders)
