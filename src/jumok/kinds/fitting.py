"""All kinds of the fields of an experiment, fitted on its training data or loaded from a saved model."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jumok.kinds import text
from jumok.kinds.kind import InputKind, Kind, Material, OutputKind, Tables
from jumok.kinds.options import ModelOptions, TokenOptions
from jumok.kinds.text_options import TextInput, TextOutput
from jumok.model import EncoderDecoder

InputOptions = TextInput
OutputOptions = TextOutput
Inputs = Mapping[str, InputOptions]
Outputs = Mapping[str, OutputOptions]


class Fields(NamedTuple):
    """The inputs and outputs of a model, by name, all fitted."""

    inputs: Mapping[str, InputKind]
    outputs: Mapping[str, OutputKind]

    @property
    def all(self) -> dict[str, Kind]:
        return {**self.inputs, **self.outputs}


def fit(inputs: Inputs, outputs: Outputs, tokens: TokenOptions, limit: int, material: Material) -> Fields:
    """Learn from the training data what each field's kind needs to know."""
    texts = text.fit({**inputs, **outputs}, tokens, limit, material)
    return Fields({name: texts[name] for name in inputs}, {name: texts[name] for name in outputs})


def load(inputs: Inputs, outputs: Outputs, tokens: TokenOptions, limit: int, folder: Path) -> Fields:
    """Read what `fit` had learned from the folder of a model."""
    texts = text.load({**inputs, **outputs}, tokens, limit, folder)
    return Fields({name: texts[name] for name in inputs}, {name: texts[name] for name in outputs})


def build_model(fields: Fields, options: ModelOptions) -> EncoderDecoder:
    """The model of these inputs and outputs, with fresh weights from torch's random state."""
    tables: Tables = {}
    encoders = {name: kind.encoder(tables, options, fields.outputs) for name, kind in fields.inputs.items()}
    decoders = {name: kind.decoder(tables, options, encoders) for name, kind in fields.outputs.items()}
    return EncoderDecoder(encoders, decoders)
