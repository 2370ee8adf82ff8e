"""Text: sentences, words, numbers, codes. Anything that is written as characters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.recurrent import AdditiveAttention, DotAttention
from jumok.data.vocabulary import BOS, EOS, PAD, UNK, Vocabulary
from jumok.decoders.recurrent import RecurrentDecoder
from jumok.decoders.transformer import TransformerDecoder
from jumok.encoders.recurrent import RecurrentEncoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.errors import did_you_mean
from jumok.kinds.options import ModelOptions, Options, TokenOptions, misplaced
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.recurrent import Cell
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from jumok.losses.tokens import Loss, token_loss
from jumok.metrics.metric import Metric
from jumok.metrics.text import Unit, text_metrics
from jumok.search import Search
from jumok.values import Hypothesis, Memory, Padded, TextPrediction

BANNED = (PAD, UNK, BOS)  # never written by a search
Tables = dict[str, TokenEmbedding]  # embeddings by the name of their vocabulary


class TransformerEncoderOptions(Options):
    """The YAML under `encoder:` for a Transformer."""

    kind: Literal["transformer"] = "transformer"
    layers: PositiveInt = 3

    def build(self, words: TokenEmbedding, model: ModelOptions, limit: int) -> TransformerEncoder:
        layers = [
            TransformerEncoderLayer(
                model.width,
                attention(model, model.rotary()),
                perceptron(model),
                model.dropout,
                model.norm == "pre",
            )
            for _ in range(self.layers)
        ]
        positions = model.position_layer(limit)
        return TransformerEncoder(words, positions, layers, model.width, model.dropout, model.norm == "pre")


class RecurrentEncoderOptions(Options):
    """The YAML under `encoder:` for a recurrent network."""

    kind: Cell
    layers: PositiveInt = 2
    bidirectional: bool = True

    def build(self, words: TokenEmbedding, model: ModelOptions, limit: int) -> RecurrentEncoder:
        return RecurrentEncoder(words, self.kind, model.width, self.layers, self.bidirectional, model.dropout)


class TransformerDecoderOptions(Options):
    """The YAML under `decoder:` for a Transformer."""

    kind: Literal["transformer"] = "transformer"
    layers: PositiveInt = 3

    def build(
        self, words: TokenEmbedding, output: TokenOutput, model: ModelOptions, limit: int
    ) -> TransformerDecoder:
        layers = [
            TransformerDecoderLayer(
                model.width,
                attention(model, model.rotary()),
                attention(model, None),  # distances between two texts mean nothing
                perceptron(model),
                model.dropout,
                model.norm == "pre",
            )
            for _ in range(self.layers)
        ]
        positions = model.position_layer(limit)
        return TransformerDecoder(words, positions, layers, output, model.dropout, model.norm == "pre")


class RecurrentDecoderOptions(Options):
    """The YAML under `decoder:` for a recurrent network; `attention: none` is the single-vector bottleneck."""

    kind: Cell
    layers: PositiveInt = 2
    attention: Literal["none", "additive", "dot"] = "additive"

    def build(
        self, words: TokenEmbedding, output: TokenOutput, model: ModelOptions, limit: int
    ) -> RecurrentDecoder:
        looks = {"none": lambda _: None, "additive": AdditiveAttention, "dot": DotAttention}[self.attention]
        return RecurrentDecoder(words, self.kind, looks(model.width), output, self.layers, model.dropout)


def attention(model: ModelOptions, rotary: nn.Module | None) -> MultiHeadAttention:
    return MultiHeadAttention(model.width, model.heads, model.attention_dropout, rotary)  # type: ignore[arg-type]


def perceptron(model: ModelOptions) -> FeedForward:
    return FeedForward(model.width, model.inner, model.activation, model.dropout)


class TextInput(Options):
    """An entry of `inputs:` with `kind: text`."""

    kind: Literal["text"] = "text"
    encoder: Annotated[TransformerEncoderOptions | RecurrentEncoderOptions, Field(discriminator="kind")] = (
        TransformerEncoderOptions()
    )
    tokens: TokenOptions | None = None  # data.tokens, if not its own


class TextOutput(Options):
    """An entry of `outputs:` with `kind: text`."""

    kind: Literal["text"] = "text"
    decoder: Annotated[TransformerDecoderOptions | RecurrentDecoderOptions, Field(discriminator="kind")] = (
        TransformerDecoderOptions()
    )
    tokens: TokenOptions | None = None  # data.tokens, if not its own
    unit: Unit | None = None  # what errors are counted in; by the kind of tokens, if not given
    metric: str | None = None  # chooses the best model; by the unit, if not given

    @model_validator(mode="after")
    def metric_is_known(self) -> "TextOutput":
        known = text_metrics("word")  # the names are those of every unit
        if self.metric is not None and self.metric not in known:
            raise misplaced(f"there is no metric {self.metric!r}{did_you_mean(self.metric, known)}", "metric")
        return self


@dataclass(frozen=True)
class Text:
    """A text input or output whose vocabulary is known: encodes, batches, builds its part, predicts, scores."""

    name: str
    options: TextInput | TextOutput
    vocabulary: Vocabulary
    table: str  # name of the embedding; the same name is the same embedding
    backwards: bool  # the model reads or writes it from the right (Lee et al., 2023, for arithmetic)
    limit: int  # most tokens, the end mark included

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, the end mark last."""
        encoded = self.vocabulary.encode(texts)
        return [[*(reversed(tokens) if self.backwards else tokens), EOS] for tokens in encoded]

    @property
    def digest(self) -> str:
        """What decides how texts are encoded, as one name."""
        return f"{self.vocabulary.digest} {self.backwards}"

    def collate(self, items: Sequence[np.ndarray | Sequence[int]]) -> Padded:
        """Token numbers of different lengths to one batch (B, L)."""
        lengths = np.array([len(item) for item in items])  # (B,)
        valid = np.arange(lengths.max()) < lengths[:, None]  # (B, L)
        values = np.full(valid.shape, PAD, dtype=np.int64)
        values[valid] = np.concatenate(items)
        return Padded(torch.from_numpy(values), torch.from_numpy(valid))

    def unknown(self, text: str) -> list[str]:
        """The pieces of a text that the vocabulary does not have."""
        return self.vocabulary.missing(text)

    def encoder(self, tables: Tables, model: ModelOptions) -> nn.Module:
        """The encoder that the options ask for; embeddings are taken from and left in `tables`."""
        if not isinstance(self.options, TextInput):
            raise TypeError(f"{self.name!r} is an output, it has no encoder")
        return self.options.encoder.build(self.embedding(tables, model), model, self.limit)

    def decoder(self, tables: Tables, model: ModelOptions) -> nn.Module:
        """The decoder that the options ask for; embeddings are taken from and left in `tables`."""
        if not isinstance(self.options, TextOutput):
            raise TypeError(f"{self.name!r} is an input, it has no decoder")
        words = self.embedding(tables, model)
        output = TokenOutput(len(self.vocabulary), model.width, words if model.tie else None)
        return self.options.decoder.build(words, output, model, self.limit)

    def embedding(self, tables: Tables, model: ModelOptions) -> TokenEmbedding:
        if self.table not in tables:
            tables[self.table] = TokenEmbedding(len(self.vocabulary), model.width)
        return tables[self.table]

    def loss(self, decoder: Any, memory: Memory, target: Padded, smoothing: float) -> Loss:
        """Cross-entropy of every target token given those before it (teacher forcing)."""
        hidden = decoder.hidden(shifted(target.values), memory)  # (B, T, D)
        return token_loss(decoder.output, hidden, target.values, target.valid, smoothing)

    def predict(
        self, decoder: Any, memory: Memory, search: Search, limit: int, numbers: Sequence[int]
    ) -> list[TextPrediction]:
        """The best text for each source, with its alternatives; `numbers` are those of the sources in the whole job."""
        found = search(decoder, memory, BOS, EOS, min(limit, self.limit - 1), numbers)
        return [self.readable(hypotheses) for hypotheses in found]

    def readable(self, hypotheses: Sequence[Hypothesis]) -> TextPrediction:
        texts = [
            TextPrediction(self.vocabulary.decode(h.tokens[:: -1 if self.backwards else 1]), h.score)
            for h in hypotheses
        ]
        return TextPrediction(texts[0].text, texts[0].score, tuple(texts[1:]))

    @property
    def unit(self) -> Unit:
        """What errors are counted in: phones and codes that spell a word, characters, or words."""
        given = self.options.unit if isinstance(self.options, TextOutput) else None
        return given or {"spaces": "symbol", "characters": "character"}.get(self.vocabulary.kind, "word")  # type: ignore[return-value]

    def metrics(self) -> dict[str, Metric]:
        """The scores of this output by name."""
        return text_metrics(self.unit)

    def headline(self) -> list[str]:
        """The scores that are worth a person's look: BLEU and chrF say nothing of phones and numbers."""
        return [
            name
            for name in self.metrics()
            if self.unit == "word" or name not in ("bleu", "bleu_lowercase", "chrf")
        ]

    def choosing_metric(self) -> Metric:
        """The score that chooses the best model."""
        given = self.options.metric if isinstance(self.options, TextOutput) else None
        by_unit = {"symbol": "token_error_rate", "character": "exact_match", "word": "bleu"}
        return self.metrics()[given or by_unit[self.unit]]

    def save(self, folder: Path) -> None:
        self.vocabulary.save(folder / f"{self.name}.vocabulary.json")


def shifted(tokens: Tensor) -> Tensor:
    """What a decoder has read (B, T) when it writes tokens (B, T): the begin mark, then all but the last."""
    return torch.cat((tokens.new_full((len(tokens), 1), BOS), tokens[:, :-1]), dim=1)


def text(
    name: str,
    options: TextInput | TextOutput,
    vocabulary: Vocabulary,
    table: str,
    tokens: TokenOptions,
    limit: int,
) -> Text:
    return Text(name, options, vocabulary, table, tokens.direction == "right_to_left", limit)


Fields = Mapping[str, TextInput | TextOutput]
Learn = Callable[
    [TokenOptions, list[str]], Vocabulary
]  # a vocabulary from the training texts of these columns


def tables_of(fields: Fields, tokens: TokenOptions) -> dict[str, tuple[str, TokenOptions]]:
    """For each field the name of its embedding and how its vocabulary is made."""
    shared = {name for name, options in fields.items() if options.tokens is None and tokens.shared}
    return {
        name: ("shared", tokens) if name in shared else (f"own {name}", options.tokens or tokens)
        for name, options in fields.items()
    }


def fit(fields: Fields, tokens: TokenOptions, limit: int, learn: Learn) -> dict[str, Text]:
    """Learn the vocabularies of all text fields, one for those that share an embedding."""
    tables = tables_of(fields, tokens)
    vocabularies: dict[str, Vocabulary] = {}
    for table, options in tables.values():
        if table not in vocabularies:
            vocabularies[table] = learn(options, [name for name in fields if tables[name][0] == table])
    return {n: text(n, fields[n], vocabularies[t], *tables[n], limit) for n, (t, _) in tables.items()}


def load(fields: Fields, tokens: TokenOptions, limit: int, folder: Path) -> dict[str, Text]:
    """The text fields of a saved model."""
    tables = tables_of(fields, tokens)
    return {
        n: text(n, fields[n], Vocabulary.load(folder / f"{n}.vocabulary.json"), *tables[n], limit)
        for n in tables
    }
