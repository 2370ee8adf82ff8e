"""Text: sentences, words, numbers, codes. Anything that is written as characters."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from jumok.baselines.features import text_features
from jumok.data.cache.place import cache_folder, cache_key
from jumok.data.text.specials import BANNED, BOS, EOS
from jumok.data.text.token_choice import choose_tokens
from jumok.data.text.vocabulary import Vocabulary
from jumok.drawing.sheet import LabelledImage
from jumok.errors import RunError
from jumok.files import unwritable
from jumok.kinds.contract import (
    Blueprint,
    DecodingRequest,
    InputField,
    OutputField,
)
from jumok.kinds.features import FeatureRequest
from jumok.kinds.fitting import FieldContext, TrainingData
from jumok.kinds.learning_rates import learning_rate_by_width
from jumok.kinds.options import TokenOptions
from jumok.kinds.text.baselines import text_baselines
from jumok.kinds.text.codec import TextInputCodec, TextOutputCodec, TextPage
from jumok.kinds.text.mistakes import TextMistakes
from jumok.kinds.text.options import TextInput, TextOutput
from jumok.kinds.text.replay import RescorableTexts
from jumok.layers.embedding import TokenOutput
from jumok.losses.tokens import Loss, token_loss
from jumok.metrics.doubts import doubt_of_text
from jumok.metrics.metric import Metric
from jumok.metrics.overlap import chrf
from jumok.metrics.text import Unit, telling_metrics, text_metrics
from jumok.search import SearchRequest
from jumok.search.tracing import TracedSearch
from jumok.values import Hypothesis, Memories, Padded, TextPrediction

LOSS_UNITS: dict[str, Unit] = {"spaces": "symbol", "characters": "character", "jamo": "character"}
VOCABULARIES = 2  # of the ways to learn them; a change here makes older caches unused


@dataclass(frozen=True)
class TextHead:
    """A decoder of tokens, and the search through what it may write."""

    options: TextOutput
    codec: TextOutputCodec
    embedding: str  # its name; the same name is the same embedding
    max_tokens: int  # most tokens, the end mark included
    needs: FeatureRequest = FeatureRequest((8,), states=True)
    empty_prediction: TextPrediction = TextPrediction("", 0.0)

    def build(self, plan: Blueprint) -> nn.Module:
        """The decoder that the options ask for."""
        size = len(self.codec.vocabulary)
        words = plan.embedding(self.embedding, size)
        output = TokenOutput(size, plan.model.width, words if plan.model.tie else None)
        return self.options.decoder.build(words, output, plan.model, self.max_tokens)

    def loss(self, decoder: Any, memories: Memories, target: Padded, smoothing: float) -> Loss:
        """Cross-entropy of every target token given those before it (teacher forcing)."""
        hidden = decoder.hidden(shift_right(target.values), memories.joined)  # (B, T, D)
        return token_loss(decoder.output, hidden, target.values, target.valid, smoothing)

    def predict(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> list[TextPrediction]:
        """The best text for each source, with its alternatives."""
        found = request.search(decoder, memories.joined, self.search_request(request))
        return [self.codec.to_prediction(hypotheses) for hypotheses in found]

    def replay(
        self, decoder: Any, memories: Memories, inputs: Mapping[str, Any], request: DecodingRequest
    ) -> RescorableTexts:
        """All answers of the search."""
        followed = TracedSearch(request.search, BANNED)
        (found,) = followed(decoder, memories.joined, self.search_request(request))
        (trace,) = followed.traces
        best = self.codec.to_prediction(found)
        tokens = tuple(tuple(trace.tokens_of(0, rank)) for rank in range(len(found)))
        to_pieces = self.codec.vocabulary.pieces
        return RescorableTexts(
            self.codec.name,
            (best, *best.alternatives),
            tokens,
            tuple(tuple(to_pieces(one)) for one in tokens),
            BANNED,
            trace.beam_history(0),
            to_pieces,
            self.codec.backwards,
        )

    def search_request(self, request: DecodingRequest) -> SearchRequest:
        """What is asked of the search, in tokens of this vocabulary."""
        limit = min(request.max_tokens, self.max_tokens - 1)  # the end mark left out
        return SearchRequest(BOS, EOS, limit, request.example_ids)


@dataclass(frozen=True)
class TextScoring:
    """Scores of texts, by what errors are counted in."""

    options: TextOutput
    vocabulary: Vocabulary

    @property
    def unit(self) -> Unit:
        """What errors are counted in: phones and codes that spell a word, characters, or words."""
        return self.options.unit or LOSS_UNITS.get(self.vocabulary.kind, "word")

    def prediction(self, value: TextPrediction) -> str:
        """The text alone."""
        return value.text

    def reference(self, texts: Sequence[str], root: Path) -> list[str]:
        """All right texts."""
        return list(texts)

    def metrics(self) -> dict[str, Metric]:
        """The metrics by name."""
        return text_metrics(self.unit)

    def headline(self, references: Sequence[list[str]]) -> list[str]:
        """The metrics worth showing, by what the references are like."""
        return telling_metrics(self.unit, references)

    def selection_metric(self) -> Metric:
        """The metric that chooses the best model."""
        by_unit = {"symbol": "token_error_rate", "character": "exact_match", "word": "bleu"}
        return self.metrics()[self.options.metric or by_unit[self.unit]]

    def per_example_metric(self) -> Metric:
        """BLEU says little of one sentence, and a right or wrong says nothing of how far off a word is."""
        return chrf if self.unit == "word" else self.metrics()["token_error_rate"]


def draw_text(value: TextPrediction, image: Tensor) -> LabelledImage:
    """A text below the image that it was read in."""
    return LabelledImage(image, value.text or "(nothing)")


def text_doubts(
    values: Sequence[TextPrediction], computed: Sequence[Sequence[Hypothesis]], inputs: Mapping[str, Any]
) -> list[float]:
    """How unsure each text is, by its best hypothesis."""
    return [doubt_of_text(found[0]) for found in computed]


def shift_right(tokens: Tensor) -> Tensor:
    """What a decoder has read (B, T) when it writes tokens (B, T): the begin mark, then all but the last."""
    return torch.cat((tokens.new_full((len(tokens), 1), BOS), tokens[:, :-1]), dim=1)


class TextTokens(NamedTuple):
    """What texts are made of."""

    vocabulary: Vocabulary
    embedding: str  # its name; the same name is the same embedding
    backwards: bool  # texts are read or written from their end
    limit: int  # the maximal length in tokens, the end mark included


def text_input(name: str, options: TextInput, tokens: TextTokens) -> InputField:
    """A text input."""
    codec = TextInputCodec(name, tokens.vocabulary, tokens.backwards)

    def build(plan: Blueprint) -> nn.Module:
        words = plan.embedding(tokens.embedding, len(tokens.vocabulary))
        return options.encoder.build(words, plan.model, tokens.limit)

    return InputField(
        name=name,
        kind="text",
        summary=codec.summary,
        architecture=options.encoder.kind,
        codec=codec,
        build=build,
        learning_rate=learning_rate_by_width,
        batching=codec.batching(tokens.limit),
        coverage=codec,
        page=TextPage(codec),
        summary_features=text_features,
    )


def text_output(
    name: str, options: TextOutput, tokens: TextTokens, sources: Sequence[str] = ()
) -> OutputField:
    """A text output; `sources` are the names of the inputs that are texts."""
    codec = TextOutputCodec(name, tokens.vocabulary, tokens.backwards)
    head = TextHead(options, codec, tokens.embedding, tokens.limit)
    return OutputField(
        name=name,
        kind="text",
        summary=codec.summary,
        architecture=options.decoder.architecture,
        codec=codec,
        head=head,
        scoring=TextScoring(options, tokens.vocabulary),
        learning_rate=learning_rate_by_width,
        loss_unit="token",
        batching=codec.batching(tokens.limit),
        is_autoregressive=True,
        detokenize=codec.decode,
        coverage=codec,
        draw=draw_text,
        replay=head.replay,
        doubts=text_doubts,
        reference_page=codec.reference_page,
        mistakes=TextMistakes(codec),
        baselines=text_baselines(sources),
    )


# ---------------------------------------------------------------- from an experiment to fields


def fit_input(name: str, options: TextInput, context: FieldContext) -> InputField:
    """Learn the vocabulary of an input, together with the fields that share it."""
    return text_input(name, options, learned(name, context))


def fit_output(name: str, options: TextOutput, context: FieldContext) -> OutputField:
    """Learn the vocabulary of an output, together with the fields that share it."""
    return text_output(name, options, learned(name, context), text_inputs_of(context))


def load_input(name: str, options: TextInput, context: FieldContext, folder: Path) -> InputField:
    """The input of a saved model."""
    return text_input(name, options, loaded(name, context, folder))


def load_output(name: str, options: TextOutput, context: FieldContext, folder: Path) -> OutputField:
    """The output of a saved model."""
    return text_output(name, options, loaded(name, context, folder), text_inputs_of(context))


def text_inputs_of(context: FieldContext) -> list[str]:
    """The names of the inputs that are texts."""
    return [name for name in context.of_kind("text") if name in context.inputs]


def learned(name: str, context: FieldContext) -> TextTokens:
    """The tokens of a field, learned together with the fields that share them."""
    known = embeddings_of(context)
    embedding, tokens = known[name]
    key = ("vocabulary", embedding)
    if key not in context.shared:
        columns = [one for one in known if known[one][0] == embedding]
        context.shared[key] = learn_vocabulary(context.training_data, tokens, columns)
    backwards = tokens.direction == "right_to_left"
    return TextTokens(context.shared[key], embedding, backwards, context.max_tokens)


def loaded(name: str, context: FieldContext, folder: Path) -> TextTokens:
    """The tokens of a field, from the folder of a saved model.

    Args:
        name: The field.
        context: What fields are made by.
        folder: The folder of the model.

    Returns:
        The tokens.
    """
    embedding, tokens = embeddings_of(context)[name]
    vocabulary = Vocabulary.load(folder / f"{name}.vocabulary.json")
    return TextTokens(vocabulary, embedding, tokens.direction == "right_to_left", context.max_tokens)


def embeddings_of(context: FieldContext) -> dict[str, tuple[str, TokenOptions]]:
    """For each text field the name of its embedding and how its vocabulary is made."""
    fields = context.of_kind("text")
    shared = {n for n, options in fields.items() if options.tokens is None and context.tokens.shared}
    return {
        name: ("shared", context.tokens)
        if name in shared
        else (f"own {name}", options.tokens or context.tokens)
        for name, options in fields.items()
    }


def learn_vocabulary(data: TrainingData, options: TokenOptions, columns: Sequence[str]) -> Vocabulary:
    """Learn a vocabulary of columns, or take it from the cache.

    Args:
        data: The training data.
        options: The options of tokens.
        columns: The columns.

    Returns:
        The vocabulary.
    """
    how = f"{VOCABULARIES} {options.model_dump_json(exclude={'shared', 'direction'})}"
    key = cache_key(data.store.digest, data.rows.tobytes(), how, *sorted(columns))
    file = cache_folder() / "vocabularies" / f"{key}.json"
    with suppress(RunError):  # it is not there, or damaged
        return Vocabulary.load(file)

    def texts() -> Iterator[str]:
        for column in columns:
            yield from data.texts(column)

    kind = options.given_kind or choose_tokens(texts())
    vocabulary = Vocabulary.learn(texts(), kind, options.size, options.min_count, options.digits)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(file, error) from error
    vocabulary.save(file)
    return vocabulary
