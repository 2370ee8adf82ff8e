"""All kinds of the fields of an experiment, fitted on its training data or loaded from a saved model."""

from collections.abc import Mapping
from pathlib import Path

from jumok.kinds import text
from jumok.kinds.options import ModelOptions, TokenOptions
from jumok.kinds.text import Fields, Learn, Tables, Text
from jumok.model import EncoderDecoder

Kind = Text  # a union as soon as there are two


def fit(fields: Fields, tokens: TokenOptions, limit: int, learn: Learn) -> dict[str, Kind]:
    """Learn from the training data what each field's kind needs to know."""
    return text.fit(fields, tokens, limit, learn)


def load(fields: Fields, tokens: TokenOptions, limit: int, folder: Path) -> dict[str, Kind]:
    """Read what `fit` had learned from the folder of a model."""
    return text.load(fields, tokens, limit, folder)


def build_model(
    inputs: Mapping[str, Kind], outputs: Mapping[str, Kind], options: ModelOptions
) -> EncoderDecoder:
    """The model of these inputs and outputs, with fresh weights from torch's random state."""
    tables: Tables = {}
    return EncoderDecoder(
        encoders={name: kind.encoder(tables, options) for name, kind in inputs.items()},
        decoders={name: kind.decoder(tables, options) for name, kind in outputs.items()},
    )
