"""Raw inputs in, predictions out, in the order they came."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from jumok.attention.positions import LearnedPositions
from jumok.data.batching import in_order
from jumok.data.sources import clean
from jumok.device import autocast
from jumok.errors import DataError, did_you_mean
from jumok.experiment.options import build_search
from jumok.kinds.fitting import Kind
from jumok.kinds.options import DecodingOptions
from jumok.kinds.text import BANNED
from jumok.model import EncoderDecoder
from jumok.values import Prediction, TextPrediction

DEFAULT_LIMIT = 256  # tokens of an answer, where training left no better word
EMPTY = TextPrediction("", 0.0)


class Predictor:
    """A model with all that it needs to read inputs and to write outputs."""

    def __init__(
        self,
        model: EncoderDecoder,
        inputs: Mapping[str, Kind],
        outputs: Mapping[str, Kind],
        decoding: DecodingOptions,
    ) -> None:
        self.model, self.inputs, self.outputs, self.decoding = model, inputs, outputs, decoding
        self.search = build_search(decoding, BANNED)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    def predict(
        self,
        inputs: Sequence[str | Mapping[str, str]],
        first: int = 0,
        progress: Callable[[int], None] | None = None,
    ) -> list[Prediction]:
        """One prediction for each input, in order; an input is a text, or texts by name where the model has several.

        `first` is the number of the first input in the whole job, which sampling draws by. `progress` is told how many
        inputs were answered since it was told last. An empty input gives an empty output.
        """
        named = [self.named(value) for value in inputs]
        answers: list[Prediction | None] = [None] * len(named)
        asked = []
        for i, value in enumerate(named):
            if any(text.strip() for text in value.values()):
                asked.append(i)
            else:
                answers[i] = Prediction(dict.fromkeys(self.outputs, EMPTY))
        encoded = {name: kind.encode([named[i][name] for i in asked]) for name, kind in self.inputs.items()}
        lengths = [
            np.array([len(tokens) for tokens in column], dtype=np.int64) for column in encoded.values()
        ]
        self.refuse_too_long(lengths, [first + i for i in asked])
        was_training = self.model.training
        self.model.eval()
        try:
            for batch in in_order(lengths, self.decoding.batch_tokens) if asked else ():
                rows = [int(row) for row in batch]
                found = self.answer(encoded, rows, [first + asked[row] for row in rows])
                for row, prediction in zip(rows, found, strict=True):
                    answers[asked[row]] = prediction
                if progress is not None:
                    progress(len(rows))
        finally:
            self.model.train(was_training)
        return [answer for answer in answers if answer is not None]

    def refuse_too_long(self, lengths: Sequence[np.ndarray], numbers: Sequence[int]) -> None:
        """DataError when an input has more tokens than the learned positions of its encoder."""
        for name, column in zip(self.inputs, lengths, strict=True):
            parts = self.model.encoders[name].modules()
            limit = min((part.limit for part in parts if isinstance(part, LearnedPositions)), default=np.inf)
            if (column > limit).any():
                row = int(np.argmax(column > limit))
                raise DataError(
                    f"input {numbers[row] + 1}: {name} has {column[row]} tokens, but the positions that were "
                    f"learned end at {limit}; shorten it"
                )

    @torch.inference_mode()
    def answer(
        self, encoded: Mapping[str, Sequence[Sequence[int]]], rows: Sequence[int], numbers: Sequence[int]
    ) -> list[Prediction]:
        """One batch through the model."""
        batch = {
            name: kind.collate([encoded[name][row] for row in rows]).to(self.device)
            for name, kind in self.inputs.items()
        }
        limit = self.decoding.max_tokens or DEFAULT_LIMIT
        with autocast(self.device, self.decoding.precision):
            memory = self.model.encode(batch)
            columns = {
                name: kind.predict(self.model.decoders[name], memory, self.search, limit, numbers)
                for name, kind in self.outputs.items()
            }
        return [Prediction({name: values[i] for name, values in columns.items()}) for i in range(len(rows))]

    def named(self, value: str | Mapping[str, str]) -> Mapping[str, str]:
        """The clean texts of an input by name; DataError when names are wrong or missing."""
        if isinstance(value, str):
            if len(self.inputs) != 1:
                raise DataError(
                    f"this model reads {len(self.inputs)} inputs ({', '.join(self.inputs)}); give them by name, "
                    f"as an object like {{{', '.join(f'{name!r}: ...' for name in self.inputs)}}}"
                )
            return dict.fromkeys(self.inputs, clean(value))
        for name in self.inputs:
            if name not in value:
                hint = did_you_mean(name, [str(key) for key in value])
                raise DataError(f"an input has no {name!r}{hint}; the model reads {', '.join(self.inputs)}")
            if not isinstance(value[name], str):
                raise DataError(f"{name!r} of an input must be a text; got {value[name]!r}")
        return {name: clean(value[name]) for name in self.inputs}

    def unknown(self, value: str | Mapping[str, str]) -> dict[str, list[str]]:
        """The pieces of an input that the model never saw in training, by input; empty when there are none."""
        found = {name: self.inputs[name].unknown(text) for name, text in self.named(value).items()}
        return {name: pieces for name, pieces in found.items() if pieces}
