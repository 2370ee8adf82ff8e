"""Texts to tokens and back, and for the page of the workbench."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from jumok.data.cache.place import cache_folder, cache_key
from jumok.data.cache.store import TextStore, TokenStore
from jumok.data.tables.rows import clean
from jumok.data.text.specials import EOS, PAD, UNK
from jumok.data.text.vocabulary import Vocabulary
from jumok.errors import DataError
from jumok.files import SURROGATE
from jumok.kinds.axes import Axis, token_axis
from jumok.kinds.contract import (
    Batching,
    Column,
    LengthLimit,
)
from jumok.values import Hypothesis, Memory, Padded, TextPrediction
from jumok.wording import quantity

ENCODED_AT_ONCE = 4096  # rows
MAX_POSTED_CHARACTERS = 20_000  # characters of a text that a page may send
TOO_LONG = "shorten it, or raise data.max_tokens"


@dataclass(frozen=True)
class TokenColumn:
    """Texts as token numbers, in memory."""

    tokens: list[list[int]]

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text (N,)."""
        return np.array([len(tokens) for tokens in self.tokens], dtype=np.int64)

    def __getitem__(self, i: int) -> list[int]:
        return self.tokens[i]


@dataclass(frozen=True)
class TextCodec:
    """Texts to tokens and back, by a vocabulary that is known."""

    name: str
    vocabulary: Vocabulary
    backwards: bool  # the model reads or writes it from the right (Lee et al., 2023, for arithmetic)

    @property
    def digest(self) -> str:
        """What decides how texts are encoded, as one string."""
        return f"{self.vocabulary.digest} {self.backwards}"

    @property
    def summary(self) -> str:
        """The size and kind of the vocabulary."""
        return f"{quantity(len(self.vocabulary), 'token')} ({self.vocabulary.kind})"

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, the end mark last."""
        encoded = self.vocabulary.encode(texts)
        return [[*(reversed(tokens) if self.backwards else tokens), EOS] for tokens in encoded]

    def encode(self, values: Sequence[str]) -> TokenColumn:
        """Parsed texts as a column."""
        return TokenColumn(self.tokens(values))

    def column(self, store: TextStore, root: Path) -> TokenStore:
        """Token numbers of all rows, kept in the cache."""
        path = cache_folder() / "tokens" / f"{cache_key(store.digest, self.name, self.digest)}.arrow"
        if path.exists():
            with suppress(DataError):  # a damaged one is replaced
                return TokenStore(path)

        def sequences() -> Iterator[Sequence[int]]:
            for start in range(0, len(store), ENCODED_AT_ONCE):
                some = range(start, min(start + ENCODED_AT_ONCE, len(store)))
                yield from self.tokens(list(store.texts(self.name, some)))

        return TokenStore.write(path, sequences(), len(self.vocabulary))

    def collate(self, items: Sequence[np.ndarray | Sequence[int]]) -> Padded:
        """Token numbers of different lengths to one batch (B, L)."""
        lengths = np.array([len(item) for item in items])  # (B,)
        valid = np.arange(lengths.max()) < lengths[:, None]  # (B, L)
        values = np.full(valid.shape, PAD, dtype=np.int64)
        values[valid] = np.concatenate(items)
        return Padded(torch.from_numpy(values), torch.from_numpy(valid))

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        """Tokens of these rows that the vocabulary does not have."""
        return sum(int((column[int(row)] == UNK).sum()) for row in rows)

    def unknown(self, value: str) -> list[str]:
        """The pieces of a text that the vocabulary does not have."""
        return self.vocabulary.missing(value)

    def save(self, folder: Path, module: nn.Module) -> None:
        """Write the vocabulary."""
        self.vocabulary.save(folder / f"{self.name}.vocabulary.json")

    def batching(self, limit: int) -> Batching:
        """Texts of about one length meet; the token budget of a batch is enough to bound it."""
        return Batching(lengths=attrgetter("lengths"), limit=LengthLimit(limit, "tokens", TOO_LONG))


@dataclass(frozen=True)
class TextInputCodec(TextCodec):
    """Texts that are read."""

    def parse(self, value: object) -> str:
        """The text without what has no meaning; DataError when it is no text."""
        if not isinstance(value, str):
            raise DataError(f"{self.name!r} of an input must be a text; got {value!r}")
        text = clean(value)
        if SURROGATE.search(text):
            raise DataError(
                f"{self.name!r} of an input holds half a character or a byte that is not UTF-8 "
                "(a lone surrogate \\ud800-\\udfff); write it as UTF-8"
            )
        return text

    def parse_cell(self, text: str, root: Path) -> str:
        """A cell is the text."""
        return text

    def is_empty(self, value: str) -> bool:
        """Whether there are only blanks."""
        return not value.strip()


@dataclass(frozen=True)
class TextOutputCodec(TextCodec):
    """Texts that are written."""

    def from_cells(self, texts: Sequence[str], root: Path) -> list[TextPrediction]:
        """Each text as if it was predicted."""
        return [TextPrediction(text, 1.0) for text in texts]

    def from_batch(self, batch: Padded) -> list[TextPrediction]:
        """The texts of target tokens, end marks left out."""
        lengths = batch.valid.sum(-1).tolist()
        tokens = [row[: length - 1] for row, length in zip(batch.values.tolist(), lengths, strict=True)]
        return [self.to_prediction([Hypothesis(row, 1.0, 0.0)]) for row in tokens]

    def to_prediction(self, hypotheses: Sequence[Hypothesis]) -> TextPrediction:
        """The best hypothesis as a text, with the others as alternatives."""
        texts = [TextPrediction(self.decode(h.tokens), h.score) for h in hypotheses]
        return TextPrediction(texts[0].text, texts[0].score, tuple(texts[1:]))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens in the order that they were written in."""
        return self.vocabulary.decode(tokens[:: -1 if self.backwards else 1])

    def pack(self, value: TextPrediction) -> tuple[str, float]:
        """Text and score."""
        return value.text, value.score

    def unpack(self, packed: tuple[str, float]) -> TextPrediction:
        """The text that `pack` was given."""
        return TextPrediction(*packed)

    def reference_page(self, texts: Sequence[str], root: Path) -> dict[str, Any]:
        """The first right text with its tokens, and the others."""
        text, *others = map(clean, texts)
        (tokens,) = self.tokens([text])
        return {"text": text, "tokens": self.vocabulary.pieces(tokens), "others": others}


@dataclass(frozen=True)
class TextPage:
    """A text on the page of the workbench."""

    codec: TextInputCodec

    def parse_posted(self, value: object) -> str:
        """The text; DataError if it is too long for the workbench."""
        name = self.codec.name
        if not isinstance(value, str):
            raise DataError(f"{name} is a text; got {type(value).__name__}")
        if len(value) > MAX_POSTED_CHARACTERS:
            raise DataError(
                f"{name} has {quantity(len(value), 'character')}; at most "
                f"{MAX_POSTED_CHARACTERS:,} are allowed, shorten it",
                f"{name}: 글자가 {len(value):,}개입니다. {MAX_POSTED_CHARACTERS:,}개까지만 살펴볼 수 있으니 줄이세요.",
            )
        return value

    def label(self, value: str) -> str:
        """The text itself."""
        return value

    def to_json(self, value: str) -> dict[str, Any]:
        """The text, its tokens in the order that the model reads them, and the position of each."""
        codec = self.codec
        spans = codec.vocabulary.spans(value)
        places = [*(reversed(spans) if codec.backwards else spans), (len(value), len(value))]
        return {
            "name": codec.name,
            "kind": "text",
            "text": value,
            "tokens": codec.vocabulary.pieces(codec.tokens([value])[0]),
            "pieces": [list(place) for place in places],
        }

    def axis(self, value: str, batch: Padded, memory: Memory) -> Axis:
        """The axis of the tokens.

        Args:
            value: The value.
            batch: The batch that the model read.
            memory: The memory of this input.

        Returns:
            The axis.
        """
        labels = self.codec.vocabulary.pieces(batch.values[0].tolist())
        return token_axis("input", self.codec.name, labels, backwards=self.codec.backwards)
