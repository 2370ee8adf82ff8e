"""Text: sentences, words, numbers, codes. Anything that is written as characters."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from jumok.data.annotations.annotated import Class
from jumok.data.atomic_folder import cache_folder, cache_key
from jumok.data.rows import clean
from jumok.data.specials import BANNED, BOS, EOS, PAD, UNK
from jumok.data.store import TextStore, TokenStore
from jumok.data.token_choice import choose_tokens
from jumok.data.vocabulary import Vocabulary
from jumok.drawing.sheet import LabelledImage
from jumok.errors import DataError, RunError
from jumok.files import SURROGATE, unwritable
from jumok.kinds.axes import Axis, token_axis
from jumok.kinds.contract import Column, DecodingRequest, Embeddings, OutputKind, TrainingData
from jumok.kinds.error_tables import ErrorTable
from jumok.kinds.image_options import FeatureRequest
from jumok.kinds.options import ModelOptions, TokenOptions
from jumok.kinds.replay import RescorableTexts
from jumok.kinds.text_options import TextInput, TextOutput
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.losses.tokens import Loss, token_loss
from jumok.metrics.metric import Metric
from jumok.metrics.occurrence import Occurrence
from jumok.metrics.overlap import chrf
from jumok.metrics.text import Unit, telling_metrics, text_metrics
from jumok.search import SearchRequest
from jumok.search.tracing import TracedSearch
from jumok.values import Hypothesis, Memory, Padded, TextPrediction

ENCODED_AT_ONCE = 4096  # rows
USUAL_RATE, USUAL_WIDTH = 3e-3, 128  # the peak of the learning rate up to a width
UNITS: dict[str, Unit] = {"spaces": "symbol", "characters": "character", "jamo": "character"}
VOCABULARIES = 2  # of the ways to learn them; a change here makes older caches unused


@dataclass(frozen=True)
class TokenColumn:
    """Texts as token numbers, in memory."""

    tokens: list[list[int]]

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(tokens) for tokens in self.tokens], dtype=np.int64)

    def __getitem__(self, i: int) -> list[int]:
        return self.tokens[i]


@dataclass(frozen=True)
class Text:
    """A text input or output whose vocabulary is known: encodes, batches, builds its part, predicts, scores."""

    name: str
    options: TextInput | TextOutput
    vocabulary: Vocabulary
    table: str  # name of the embedding; the same name is the same embedding
    backwards: bool  # the model reads or writes it from the right (Lee et al., 2023, for arithmetic)
    max_tokens: int  # most tokens, the end mark included
    batch_size: int | None = None  # tokens are budget enough
    reads_files: bool = False
    loss_unit: str = "token"
    supported: str = "examples"
    needs: FeatureRequest = FeatureRequest((8,), states=True)
    empty_prediction: TextPrediction = TextPrediction("", 0.0)
    classes: tuple[Class, ...] = ()
    score_threshold: None = None  # an answer is told whole

    @property
    def digest(self) -> str:
        """What decides how texts are encoded, as one name."""
        return f"{self.vocabulary.digest} {self.backwards}"

    @property
    def summary(self) -> str:
        return f"{len(self.vocabulary):,} tokens ({self.vocabulary.kind})"

    @property
    def architecture(self) -> str:
        if isinstance(self.options, TextInput):
            return self.options.encoder.kind
        return self.options.decoder.architecture

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, the end mark last."""
        encoded = self.vocabulary.encode(texts)
        return [[*(reversed(tokens) if self.backwards else tokens), EOS] for tokens in encoded]

    def encode(self, values: Sequence[str]) -> TokenColumn:
        return TokenColumn(self.tokens(values))

    def column(self, store: TextStore, root: Path) -> TokenStore:
        """Token numbers of all rows, kept in the cache."""
        folder = cache_folder() / "tokens" / cache_key(store.digest, self.name, self.digest)
        if folder.exists():
            with suppress(DataError):  # a damaged one is made anew
                return TokenStore.open(folder)

        def sequences() -> Iterator[Sequence[int]]:
            for start in range(0, len(store), ENCODED_AT_ONCE):
                some = range(start, min(start + ENCODED_AT_ONCE, len(store)))
                yield from self.tokens(list(store.texts(self.name, some)))

        return TokenStore.write(folder, sequences(), len(self.vocabulary))

    def unknown_classes(self, store: TextStore, rows: np.ndarray) -> dict[int, str]:
        return {}

    def lacks(self, store: TextStore, rows: np.ndarray, learning: bool) -> str | None:
        return None

    def count_unknown(self, column: Column, rows: np.ndarray) -> int:
        return sum(int((column[int(row)] == UNK).sum()) for row in rows)

    def accept(self, value: object) -> str:
        if not isinstance(value, str):
            raise DataError(f"{self.name!r} of an input must be a text; got {value!r}")
        text = clean(value)
        if SURROGATE.search(text):
            raise DataError(
                f"{self.name!r} of an input holds half a character or a byte that is not UTF-8 "
                "(a lone surrogate \\ud800-\\udfff); write it as UTF-8"
            )
        return text

    def is_blank(self, value: str) -> bool:
        return not value.strip()

    def value(self, text: str, root: Path) -> str:
        return text

    def batch_group(self, column: Column) -> None:
        return None  # padding changes nothing

    def transform(self, examples: Sequence[Any], draw: np.random.Generator | None) -> Sequence[Any]:
        return examples

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

    def learning_rate(self, model: ModelOptions) -> float:
        """Wider models learn by smaller steps (Yang et al., 2022)."""
        return USUAL_RATE * min(1.0, USUAL_WIDTH / model.width)

    def encoder(
        self, tables: Embeddings, model: ModelOptions, outputs: Mapping[str, OutputKind]
    ) -> nn.Module:
        """The encoder that the options ask for; embeddings are taken from and left in `tables`."""
        if not isinstance(self.options, TextInput):
            raise TypeError(f"{self.name!r} is an output, it has no encoder")
        return self.options.encoder.build(self.embedding(tables, model), model, self.max_tokens)

    def decoder(
        self, tables: Embeddings, model: ModelOptions, encoders: Mapping[str, nn.Module]
    ) -> nn.Module:
        """The decoder that the options ask for; embeddings are taken from and left in `tables`."""
        if not isinstance(self.options, TextOutput):
            raise TypeError(f"{self.name!r} is an input, it has no decoder")
        words = self.embedding(tables, model)
        output = TokenOutput(len(self.vocabulary), model.width, words if model.tie else None)
        return self.options.decoder.build(words, output, model, self.max_tokens)

    def embedding(self, tables: Embeddings, model: ModelOptions) -> TokenEmbedding:
        if self.table not in tables:
            tables[self.table] = TokenEmbedding(len(self.vocabulary), model.width)
        return tables[self.table]

    def loss(self, decoder: Any, memory: Memory, target: Padded, smoothing: float) -> Loss:
        """Cross-entropy of every target token given those before it (teacher forcing)."""
        hidden = decoder.hidden(shift_right(target.values), memory)  # (B, T, D)
        return token_loss(decoder.output, hidden, target.values, target.valid, smoothing)

    def num_targets(self, column: Column, rows: np.ndarray) -> int:
        """Tokens of these rows, end marks included."""
        return int(column.lengths[rows].sum())

    def predict(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> list[TextPrediction]:
        """The best text for each source, with its alternatives."""
        found = asked.search(decoder, memory, self.search_request(asked))
        return [self.to_prediction(hypotheses) for hypotheses in found]

    def search_request(self, asked: DecodingRequest) -> SearchRequest:
        """What is asked of the search, in tokens of this vocabulary."""
        return SearchRequest(BOS, EOS, min(asked.max_tokens, self.max_tokens - 1), asked.example_ids)

    def replay(
        self, decoder: Any, memory: Memory, inputs: Mapping[str, Any], asked: DecodingRequest
    ) -> RescorableTexts:
        """All answers of the search."""
        followed = TracedSearch(asked.search, BANNED)
        (found,) = followed(decoder, memory, self.search_request(asked))
        (walk,) = followed.traces
        best = self.to_prediction(found)
        tokens = tuple(tuple(walk.tokens_of(0, rank)) for rank in range(len(found)))
        pieces = tuple(tuple(self.vocabulary.pieces(one)) for one in tokens)
        answers = (best, *best.alternatives)
        course, readable = walk.beam_history(0), self.vocabulary.pieces
        return RescorableTexts(self.name, answers, tokens, pieces, BANNED, course, readable, self.backwards)

    def to_metric(self, value: TextPrediction) -> str:
        return value.text

    def reference(self, texts: Sequence[str], root: Path) -> list[str]:
        return list(texts)

    def excess(self, column: Column, rows: np.ndarray) -> None:
        return None

    def references_from_rows(self, texts: Sequence[str], root: Path) -> list[TextPrediction]:
        return [TextPrediction(text, 1.0) for text in texts]

    def references_from_batch(self, batch: Padded) -> list[TextPrediction]:
        """The texts of target tokens, end marks left out."""
        lengths = batch.valid.sum(-1).tolist()
        tokens = [row[: length - 1] for row, length in zip(batch.values.tolist(), lengths, strict=True)]
        return [self.to_prediction([Hypothesis(row, 1.0, 0.0)]) for row in tokens]

    def to_json(self, value: str) -> dict[str, Any]:
        """The text, its tokens in the order that the model reads them, and where each stands in it."""
        spans = self.vocabulary.spans(value)
        places = [*(reversed(spans) if self.backwards else spans), (len(value), len(value))]
        return {
            "name": self.name,
            "kind": "text",
            "text": value,
            "tokens": self.vocabulary.pieces(self.tokens([value])[0]),
            "pieces": [list(place) for place in places],
        }

    def axis(self, value: str, batch: Padded, memory: Memory) -> Axis:
        labels = self.vocabulary.pieces(batch.values[0].tolist())
        return token_axis("input", self.name, labels, backwards=self.backwards)

    def cells(self, batch: Padded, grid: tuple[int, int], beside: int) -> None:
        return None

    def pixels(self, value: str) -> None:
        return None

    def batch_pixels(self, batch: Padded) -> list[Tensor]:
        return []

    def drawn(self, value: TextPrediction, image: Tensor) -> LabelledImage:
        return LabelledImage(image, value.text or "(nothing)")

    def results(self, value: TextPrediction, image: int | str) -> list[dict[str, Any]]:
        return [{"image_id": image, **value.to_json()}]

    def as_image(self, value: TextPrediction) -> None:
        return None

    def details(self, found: list[str], right: list[list[str]]) -> list[ErrorTable]:
        return []

    def pack(self, value: TextPrediction) -> tuple[str, float]:
        return value.text, value.score

    def unpack(self, packed: tuple[str, float]) -> TextPrediction:
        return TextPrediction(*packed)

    def to_prediction(self, hypotheses: Sequence[Hypothesis]) -> TextPrediction:
        texts = [
            TextPrediction(self.vocabulary.decode(h.tokens[:: -1 if self.backwards else 1]), h.score)
            for h in hypotheses
        ]
        return TextPrediction(texts[0].text, texts[0].score, tuple(texts[1:]))

    @property
    def unit(self) -> Unit:
        """What errors are counted in: phones and codes that spell a word, characters, or words."""
        given = self.options.unit if isinstance(self.options, TextOutput) else None
        return given or UNITS.get(self.vocabulary.kind, "word")

    def metrics(self) -> dict[str, Metric]:
        """The scores of this output by name."""
        return text_metrics(self.unit)

    def headline(self, right: Sequence[list[str]]) -> list[str]:
        """The scores that are worth a person's look, by what the right answers are like."""
        return telling_metrics(self.unit, right)

    def support(self, right: Sequence[list[str]]) -> dict[str, int]:
        return {}

    def occurrence(self, found: Sequence[str], right: Sequence[list[str]]) -> Occurrence:
        return Occurrence()

    def selection_metric(self) -> Metric:
        """The score that chooses the best model."""
        given = self.options.metric if isinstance(self.options, TextOutput) else None
        by_unit = {"symbol": "token_error_rate", "character": "exact_match", "word": "bleu"}
        return self.metrics()[given or by_unit[self.unit]]

    def per_example_metric(self) -> Metric:
        """BLEU says little of one sentence, and a right or wrong says nothing of how far off a word is."""
        return chrf if self.unit == "word" else self.metrics()["token_error_rate"]

    def tuned(self, found: list[Any], right: list[Any]) -> None:
        return None

    def save(self, folder: Path, part: nn.Module) -> None:
        self.vocabulary.save(folder / f"{self.name}.vocabulary.json")


def shift_right(tokens: Tensor) -> Tensor:
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


def embedding_names(fields: Fields, tokens: TokenOptions) -> dict[str, tuple[str, TokenOptions]]:
    """For each field the name of its embedding and how its vocabulary is made."""
    shared = {name for name, options in fields.items() if options.tokens is None and tokens.shared}
    return {
        name: ("shared", tokens) if name in shared else (f"own {name}", options.tokens or tokens)
        for name, options in fields.items()
    }


def fit(fields: Fields, tokens: TokenOptions, limit: int, material: TrainingData) -> dict[str, Text]:
    """Learn the vocabularies of all text fields, one for those that share an embedding."""
    tables = embedding_names(fields, tokens)
    vocabularies: dict[str, Vocabulary] = {}
    for table, options in tables.values():
        if table not in vocabularies:
            columns = [name for name in fields if tables[name][0] == table]
            vocabularies[table] = learn_vocabulary(material, options, columns)
    return {n: text(n, fields[n], vocabularies[t], *tables[n], limit) for n, (t, _) in tables.items()}


def learn_vocabulary(material: TrainingData, options: TokenOptions, columns: Sequence[str]) -> Vocabulary:
    """A vocabulary of these columns; the same as before from the cache."""
    how = f"{VOCABULARIES} {options.model_dump_json(exclude={'shared', 'direction'})}"
    key = cache_key(material.store.digest, material.rows.tobytes(), how, *sorted(columns))
    file = cache_folder() / "vocabularies" / f"{key}.json"
    with suppress(RunError):  # it is not there, or damaged
        return Vocabulary.load(file)

    def texts() -> Iterator[str]:
        for column in columns:
            yield from material.texts(column)

    kind = options.given_kind or choose_tokens(texts())
    vocabulary = Vocabulary.learn(texts(), kind, options.size, options.min_count, options.digits)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(file, error) from error
    vocabulary.save(file)
    return vocabulary


def load(fields: Fields, tokens: TokenOptions, limit: int, folder: Path) -> dict[str, Text]:
    """The text fields of a saved model."""
    tables = embedding_names(fields, tokens)
    return {
        n: text(n, fields[n], Vocabulary.load(folder / f"{n}.vocabulary.json"), *tables[n], limit)
        for n in tables
    }
