"""Predictors of every sort with fresh weights, in milliseconds: nothing is trained."""

from typing import Any

import numpy as np
import torch
from PIL import Image as Pillow

from jumok.classes import Class
from jumok.data.text.vocabulary import Vocabulary
from jumok.kinds.boxes.field import Boxes, boxes_output
from jumok.kinds.boxes.options import BoxesOutput
from jumok.kinds.catalogue import Fields, build_model
from jumok.kinds.contract import InputField, OutputField
from jumok.kinds.image.field import Image, image_input
from jumok.kinds.image.options import ImageInput
from jumok.kinds.mask.field import Mask, mask_output
from jumok.kinds.mask.options import MaskOutput
from jumok.kinds.options import DecodingOptions, ModelOptions
from jumok.kinds.text.field import TextTokens, text_input, text_output
from jumok.kinds.text.options import TextInput, TextOutput
from jumok.predictor import Predictor

WORDS = "ein hund und zwei katzen sehen den mond über der stadt"
VOCABULARY = Vocabulary.learn([WORDS], "words")
CLASSES = (Class("red"), Class("blue"))
SIZE = 64


def made_predictor(
    inputs: dict[str, dict[str, Any]],
    output: dict[str, Any],
    decoding: dict[str, Any] | None = None,
    **model: Any,
) -> Predictor:
    """A predictor of these inputs by name, as a file of an experiment says them, and of the output "said"."""
    return made_with_outputs(inputs, {"said": output}, decoding, **model)


def made_with_outputs(
    inputs: dict[str, dict[str, Any]],
    outputs: dict[str, dict[str, Any]],
    decoding: dict[str, Any] | None = None,
    **model: Any,
) -> Predictor:
    """The same of several outputs by name."""
    torch.manual_seed(1)
    read = {name: input_kind(name, given) for name, given in inputs.items()}
    fields = Fields(read, {name: output_kind(name, given) for name, given in outputs.items()})
    options = ModelOptions(**{"width": 16, "heads": 2, "dropout": 0.0, **model})
    built = build_model(fields, options)
    for name, parameter in built.named_parameters():
        if "backbone" not in name and parameter.ndim > 1:  # so that it matters what is looked at
            parameter.data *= 2
    return Predictor(
        built.eval(), fields, DecodingOptions(**{"beam": 3, "max_tokens": 9, **(decoding or {})})
    )


def input_kind(name: str, given: dict[str, Any]) -> InputField:
    if given.get("kind") == "image":
        options = ImageInput(**{"size": SIZE, "augment": "none", **given})
        return image_input(Image(name, options, (SIZE, SIZE), None, fresh=False))
    backwards = given.pop("backwards", False)
    return text_input(name, TextInput(**given), TextTokens(VOCABULARY, "shared", backwards, 300))


def output_kind(name: str, given: dict[str, Any]) -> OutputField:
    if given.get("kind") == "boxes":
        return boxes_output(Boxes(name, BoxesOutput(**given), CLASSES, "photo"))
    if given.get("kind") == "mask":
        return mask_output(Mask(name, MaskOutput(**given), CLASSES, "photo"))
    return text_output(name, TextOutput(**given), TextTokens(VOCABULARY, "shared", False, 300))


CONVOLUTIONS = {
    "kind": "image",
    "encoder": {"backbone": "convolutional", "strides": [4, 8], "channels": [8, 8, 8]},
}
SWIN = {
    "kind": "image",
    "encoder": {"backbone": "swin_tiny_patch4_window7_224", "weights": "none", "strides": [4, 8]},
}
VIT = {"kind": "image", "encoder": {"backbone": "vit_tiny_patch16_224", "weights": "none", "strides": [16]}}
WITH_LAYERS = {**CONVOLUTIONS, "encoder": {**CONVOLUTIONS["encoder"], "layers": 2}}
QUERIES = {"kind": "boxes", "head": {"kind": "query", "queries": 7, "layers": 2}}
SENTENCE = "zwei katzen sehen den mond"


def transformer(layers: int) -> dict[str, Any]:
    return {"kind": "transformer", "layers": layers}


def recurrent(attention: str) -> dict[str, Any]:
    return {"kind": "gru", "layers": 1, "attention": attention}


MODELS: dict[str, tuple[dict[str, dict[str, Any]], dict[str, Any]]] = {
    "transformer": ({"text": {"encoder": transformer(2)}}, {"decoder": transformer(3)}),
    "additive": ({"text": {"encoder": {"kind": "lstm"}}}, {"decoder": recurrent("additive")}),
    "dot": ({"text": {"encoder": {"kind": "gru"}}}, {"decoder": recurrent("dot")}),
    "bottleneck": ({"text": {"encoder": {"kind": "gru"}}}, {"decoder": recurrent("none")}),
    "half": ({"text": {"encoder": transformer(1)}}, {"decoder": recurrent("none")}),
    "several": (
        {"one": {"encoder": transformer(1)}, "two": {"encoder": {"kind": "gru"}}},
        {"decoder": transformer(1)},
    ),
    "caption": ({"photo": CONVOLUTIONS}, {"decoder": transformer(2)}),
    "queries": ({"photo": CONVOLUTIONS}, QUERIES),
    "layers": ({"photo": WITH_LAYERS}, QUERIES),
    "dense": ({"photo": CONVOLUTIONS}, {"kind": "boxes"}),
    "mask": ({"photo": CONVOLUTIONS}, {"kind": "mask", "decoder": {"width": 8}}),
    "windows": ({"photo": SWIN}, {"kind": "mask", "decoder": {"width": 8}}),
    "vit": ({"photo": VIT}, QUERIES),
}
INPUTS = {"text": SENTENCE, "one": SENTENCE, "two": "ein hund"}


def made(name: str) -> Predictor:
    inputs, output = MODELS[name]
    return made_predictor({name: dict(given) for name, given in inputs.items()}, output)


def random_image(width: int = 150, height: int = 100) -> Pillow.Image:
    random = np.random.default_rng(3)
    return Pillow.fromarray(random.integers(0, 255, (height, width, 3), dtype=np.uint8))


def input_of(predictor: Predictor) -> dict[str, Any]:
    """Something for each input to read."""
    return {name: INPUTS.get(name) or random_image() for name in predictor.inputs}
