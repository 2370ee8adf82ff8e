"""Raw inputs in, predictions out, in the order they came."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from jumok.attention.positions import LearnedPositions
from jumok.data.batching import longest_first
from jumok.data.specials import BANNED
from jumok.device import autocast
from jumok.errors import DataError, did_you_mean
from jumok.kinds.catalogue import Fields
from jumok.kinds.contract import Column, DecodingRequest, Example, InputKind, OutputKind
from jumok.kinds.searching import build_search
from jumok.model import EncoderDecoder
from jumok.values import Prediction

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions

DEFAULT_LIMIT = 256  # tokens of an answer, where training left no better word


class Predictor:
    """A model with all that it needs to read inputs and to write outputs."""

    def __init__(
        self,
        model: EncoderDecoder,
        fields: Fields,
        decoding: "DecodingOptions",
        notes: Sequence[str] = (),
    ) -> None:
        self.model, self.fields, self.decoding = model, fields, decoding
        self.notes = tuple(notes)  # what a user should know of how it answers here, like that bf16 is missing
        self.search = build_search(decoding, BANNED)
        self.least: float | None = None  # a score from which on objects are asked for, be it very low

    @property
    def inputs(self) -> Mapping[str, InputKind]:
        return self.fields.inputs

    @property
    def outputs(self) -> Mapping[str, OutputKind]:
        return self.fields.outputs

    @property
    def max_tokens(self) -> int:
        """The most tokens of an answer."""
        return self.decoding.max_tokens or DEFAULT_LIMIT

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

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
        named = [self.parse_inputs(value) for value in inputs]
        answers: list[Prediction | None] = [None] * len(named)
        asked = []
        for i, value in enumerate(named):
            if all(self.inputs[name].is_blank(part) for name, part in value.items()):
                answers[i] = Prediction({name: kind.empty_prediction for name, kind in self.outputs.items()})
            else:
                asked.append(i)
        columns = {name: kind.encode([named[i][name] for i in asked]) for name, kind in self.inputs.items()}
        self.check_lengths([column.lengths for column in columns.values()], [first + i for i in asked])
        was_training = self.model.training
        self.model.eval()
        try:
            for batch in self.batches(columns) if asked else ():
                rows = [int(row) for row in batch]
                found = self.answer(columns, rows, [first + asked[row] for row in rows])
                for row, prediction in zip(rows, found, strict=True):
                    answers[asked[row]] = prediction
                if progress is not None:
                    progress(len(rows))
        finally:
            self.model.train(was_training)
        return [answer for answer in answers if answer is not None]

    def batches(self, columns: Mapping[str, Column]) -> list[np.ndarray]:
        """Rows to predict together: many, but no more than the budget, and alike where that matters."""
        kinds = self.fields.all.values()
        most = min((kind.batch_size for kind in kinds if kind.batch_size is not None), default=None)
        keys = [
            key for name, kind in self.inputs.items() if (key := kind.batch_group(columns[name])) is not None
        ]
        alike = np.unique(np.stack(keys), axis=1, return_inverse=True)[1].ravel() if keys else None
        lengths = [column.lengths for column in columns.values()]
        return longest_first(lengths, self.decoding.batch_tokens, most, alike)

    def check_lengths(self, lengths: Sequence[np.ndarray], numbers: Sequence[int]) -> None:
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
        self, columns: Mapping[str, Column], rows: Sequence[int], numbers: Sequence[int]
    ) -> list[Prediction]:
        """One batch through the model."""
        batch = self.collate(columns, rows)
        asked = DecodingRequest(self.search, self.max_tokens, numbers, self.least)
        with autocast(self.device, self.decoding.precision):
            memory = self.model.encode(batch)
            found = {
                name: kind.predict(self.model.decoders[name], memory, batch, asked)
                for name, kind in self.outputs.items()
            }
        return [Prediction({name: values[i] for name, values in found.items()}) for i in range(len(rows))]

    def collate(self, columns: Mapping[str, Column], rows: Sequence[int]) -> dict[str, Any]:
        """Rows of all inputs as one batch, on the device of the model."""
        whole: Sequence[Example] = [{name: column[row] for name, column in columns.items()} for row in rows]
        for kind in self.inputs.values():
            whole = kind.transform(whole, None)
        return {
            name: kind.collate([items[name] for items in whole]).to(self.device)
            for name, kind in self.inputs.items()
        }

    def parse_inputs(self, value: Any) -> Mapping[str, Any]:
        """The clean values of an input by name; DataError when names are wrong or missing."""
        if not isinstance(value, Mapping):
            if len(self.inputs) != 1:
                raise DataError(
                    f"this model reads {len(self.inputs)} inputs ({', '.join(self.inputs)}); give them by name, "
                    f"as an object like {{{', '.join(f'{name!r}: ...' for name in self.inputs)}}}"
                )
            return {name: kind.accept(value) for name, kind in self.inputs.items()}
        for name in self.inputs:
            if name not in value:
                hint = did_you_mean(name, [str(key) for key in value])
                raise DataError(f"an input has no {name!r}{hint}; the model reads {', '.join(self.inputs)}")
        return {name: kind.accept(value[name]) for name, kind in self.inputs.items()}

    def unknown(self, value: Any) -> dict[str, list[str]]:
        """The pieces of an input that the model never saw in training, by input; empty when there are none."""
        found = {name: self.inputs[name].unknown(part) for name, part in self.parse_inputs(value).items()}
        return {name: pieces for name, pieces in found.items() if pieces}
