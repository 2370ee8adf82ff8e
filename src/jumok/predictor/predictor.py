"""Raw inputs in, predictions out, in the order they came."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from jumok.data.batching import longest_first
from jumok.errors import ConfigurationError, DataError, did_you_mean
from jumok.kinds.catalogue import Fields
from jumok.kinds.contract import DecodingRequest, InputField, OutputField
from jumok.kinds.presence import (
    InputColumn,
    collate_inputs,
    encode_inputs,
    input_examples,
    transform_examples,
)
from jumok.model import EncoderDecoder
from jumok.predictor.engine import Engine, TorchEngine
from jumok.search.streaming import StreamedSearch
from jumok.values import Prediction
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions

DEFAULT_LIMIT = 256  # tokens of an answer, where training left no better word


class Predictor:
    """A model with all that it needs to read inputs and to write outputs; several threads may ask it at a time.

    A model in torch is put into evaluation mode once, here; whoever trains it on puts it back.
    """

    def __init__(
        self,
        model: EncoderDecoder | None,
        fields: Fields,
        decoding: "DecodingOptions",
        notes: Sequence[str] = (),
        engine: Engine | None = None,
    ) -> None:
        """Put a predictor together.

        Args:
            model: The model in torch; None where an engine computes.
            fields: The fields.
            decoding: How answers are searched for.
            notes: What a user should know of how it answers here, like that bf16 is missing.
            engine: What computes; by default torch, with the model.
        """
        if engine is None and model is not None:
            engine = TorchEngine(model)
        if engine is None:
            raise ValueError("a predictor needs a model or an engine")
        self.engine, self.fields, self.decoding = engine, fields, decoding
        self.is_exported = model is None
        self.notes = tuple(notes)
        self.search = engine.build_search(decoding)
        self.least: float | None = None  # a score from which on objects are asked for, be it very low
        self.hidden: frozenset[str] = frozenset()  # inputs that no row has, whatever is given

    @property
    def model(self) -> EncoderDecoder:
        """The model in torch; raises RunError where it was exported."""
        return self.engine.model

    @property
    def inputs(self) -> Mapping[str, InputField]:
        """The input fields by name."""
        return self.fields.inputs

    @property
    def outputs(self) -> Mapping[str, OutputField]:
        """The output fields by name."""
        return self.fields.outputs

    @property
    def max_tokens(self) -> int:
        """The most tokens of an answer."""
        return self.decoding.max_tokens or DEFAULT_LIMIT

    @property
    def device(self) -> torch.device:
        """The device that batches go to."""
        return self.engine.device

    def with_options(self, decoding: "DecodingOptions") -> "Predictor":
        """The same predictor with other options of decoding, all of them."""
        twin = copy(self)
        twin.decoding, twin.search = decoding, self.engine.build_search(decoding)
        return twin

    def with_fields(self, fields: Fields) -> "Predictor":
        """The same predictor with other fields."""
        twin = copy(self)
        twin.fields = fields
        return twin

    def with_least_score(self, least: float | None) -> "Predictor":
        """The same predictor, asked for objects from this score on, be it very low."""
        twin = copy(self)
        twin.least = least
        return twin

    def with_decoding(self, changes: Mapping[str, Any]) -> "Predictor":
        """The same model, whose weights are shared, with other options of decoding, like {"beam": 1}.

        A change of None keeps what was there. Raises DataError for an option that does not exist or does not fit.
        """
        given = {**self.decoding.model_dump(), **{k: v for k, v in changes.items() if v is not None}}
        try:
            return self.with_options(type(self.decoding).model_validate(given))
        except (ValueError, ConfigurationError) as error:
            raise DataError(f"these options of decoding do not fit: {first_line(error)}") from None

    def with_listener(self, listener: Callable[[int, str], None]) -> "Predictor":
        """The same predictor, which tells the text of an answer as it grows, token by token.

        Args:
            listener: Is given the number of the example and its text so far, before its last token.

        Returns:
            The predictor.

        Raises:
            DataError: The answer is not written token by token, or not settled before its end, as in beam search.
        """
        writing = [field.detokenize for field in self.outputs.values() if field.detokenize is not None]
        if len(writing) != 1:
            raise DataError(
                f"tokens are streamed of one output that is a text; this model has {len(writing)}"
            )
        if self.decoding.method == "beam" or self.decoding.best > 1:
            raise DataError(
                "tokens are streamed of one answer by greedy search or sampling, not of several hypotheses; "
                'ask with "method": "greedy" or "sample", and without n_best'
            )
        to_text, twin = writing[0], copy(self)
        twin.search = StreamedSearch(self.search, lambda number, tokens: listener(number, to_text(tokens)))
        return twin

    def without(self, name: str) -> "Predictor":
        """The same predictor, which reads one input less: it is missing in all rows."""
        twin = copy(self)
        twin.hidden = self.hidden | {name}
        return twin

    def predict(
        self,
        inputs: Sequence[Any],
        first: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> list[Prediction]:
        """One prediction for each input, in order: a text or the path of an image, or these by name for several.

        `first` is the number of the first input in the whole job, which sampling draws by. `progress` is told how many
        inputs were answered since it was told last. An empty input gives an empty output.
        """
        answers: dict[int, Prediction] = {}
        for found in self.predict_batches(inputs, first):
            answers.update(found)
            if progress is not None:
                progress(len(found))
        return [answers[i] for i in range(len(inputs))]

    def predict_batches(self, inputs: Sequence[Any], first: int = 0) -> Iterator[dict[int, Prediction]]:
        """The same predictions, as they are made: some at a time, by the place of their input."""
        named = [self.parse_inputs(value) for value in inputs]
        empty = {i: self.empty_prediction for i, value in enumerate(named) if self.is_empty(value)}
        if empty:
            yield empty
        asked = [i for i in range(len(named)) if i not in empty]
        columns = encode_inputs(self.inputs, [named[i] for i in asked])
        self.check_lengths(columns, [first + i for i in asked])
        for batch in self.batches(columns, len(asked)):
            rows = [int(row) for row in batch]
            found = self.answer(columns, rows, [first + asked[row] for row in rows])
            yield {asked[row]: prediction for row, prediction in zip(rows, found, strict=True)}

    def is_empty(self, value: Mapping[str, Any]) -> bool:
        """Whether there is nothing in any of the parsed values of an input."""
        return all(self.inputs[name].codec.is_empty(part) for name, part in value.items())

    @property
    def empty_prediction(self) -> Prediction:
        """What is answered to an empty input."""
        return Prediction({name: field.head.empty_prediction for name, field in self.outputs.items()})

    def batches(self, columns: Mapping[str, InputColumn], count: int) -> list[np.ndarray]:
        """Rows to predict together, of `count`: many, but no more than the budget, and alike where that matters."""
        if not count:
            return []
        limits = (field.batching.max_examples for field in self.fields.all.values())
        most = min((limit for limit in limits if limit is not None), default=None)
        keys = [groups for column in columns.values() if (groups := column.groups()) is not None]
        alike = np.unique(np.stack(keys), axis=1, return_inverse=True)[1].ravel() if keys else None
        found = (column.lengths() for column in columns.values())
        lengths = [np.zeros(count, dtype=np.int64) if one is None else one for one in found]
        return longest_first(lengths, self.decoding.batch_tokens, most, alike)

    def check_lengths(self, columns: Mapping[str, InputColumn], numbers: Sequence[int]) -> None:
        """DataError when an input has more tokens than the learned positions of its encoder."""
        for name, column in columns.items():
            lengths = column.lengths()
            if lengths is None:
                continue
            limit = self.engine.max_length(name)
            if (lengths > limit).any():
                row, unit = int(np.argmax(lengths > limit)), self.inputs[name].batching.unit
                raise DataError(
                    f"input {numbers[row] + 1}: {name} has {lengths[row]} {unit}, but this model has positions for "
                    f"{limit}; shorten it"
                )

    @torch.inference_mode()
    def answer(
        self, columns: Mapping[str, InputColumn], rows: Sequence[int], numbers: Sequence[int]
    ) -> list[Prediction]:
        """One batch through the model.

        Args:
            columns: The encoded inputs by name.
            rows: The rows of the columns that make the batch.
            numbers: The number of each example, which seeds its sampling.

        Returns:
            A prediction for each row.
        """
        batch = self.collate(columns, rows)
        asked = DecodingRequest(self.search, self.max_tokens, numbers, self.least)
        with self.engine.computing(self.decoding.precision):
            memories = self.engine.encode(batch)
            found = {
                name: field.head.predict(self.engine.decoders[name], memories, batch, asked)
                for name, field in self.outputs.items()
            }
        return [Prediction({name: values[i] for name, values in found.items()}) for i in range(len(rows))]

    def collate(self, columns: Mapping[str, InputColumn], rows: Sequence[int]) -> dict[str, Any]:
        """Rows of all inputs as one batch, on the device of the model."""
        examples = transform_examples(self.inputs, input_examples(columns, rows), None)
        batches = collate_inputs(self.inputs, examples)
        return {name: batch.to(self.device) for name, batch in batches.items()}

    def parse_inputs(self, value: Any) -> Mapping[str, Any]:
        """The clean values of an input by name; DataError when names are wrong or missing.

        An optional input may be missing, None or empty; it is then not named.
        """
        if not isinstance(value, Mapping):
            if len(self.inputs) != 1:
                raise DataError(
                    f"this model reads {quantity(len(self.inputs), 'input')} "
                    f"({', '.join(self.inputs)}); give them by name, "
                    f"as an object like {{{', '.join(f'{name!r}: ...' for name in self.inputs)}}}"
                )
            return {name: field.codec.parse(value) for name, field in self.inputs.items()}
        for name, field in self.inputs.items():
            if name in value:
                continue
            others = [str(key) for key in value if not (field.is_optional and key in self.inputs)]
            hint = did_you_mean(name, others)
            if hint or not field.is_optional:
                raise DataError(f"an input has no {name!r}{hint}; the model reads {', '.join(self.inputs)}")
        given = {
            name: field.codec.parse(value[name])
            for name, field in self.inputs.items()
            if name not in self.hidden and not (field.is_optional and is_missing(value.get(name)))
        }
        return {
            name: one
            for name, one in given.items()
            if not (self.inputs[name].is_optional and self.inputs[name].codec.is_empty(one))
        }

    def unknown(self, value: Any) -> dict[str, list[str]]:
        """The pieces of an input that the model never saw in training, by input; empty when there are none."""
        parsed = self.parse_inputs(value)
        found = {
            name: one.coverage.unknown(parsed[name])
            for name, one in self.inputs.items()
            if one.coverage and name in parsed
        }
        return {name: pieces for name, pieces in found.items() if pieces}


def is_missing(value: Any) -> bool:
    """Whether a raw value says that there is none: None, or a text without content, as an empty cell."""
    return value is None or (isinstance(value, str) and not value.strip())


def first_line(error: Exception) -> str:
    """What is wrong with options, without the words of pydantic around it."""
    errors: Any = getattr(error, "errors", None)
    if errors is None:
        return str(error)
    first = errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}; got {first['input']!r}"
