"""How far the numbers of two engines are apart on the same batches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from jumok.kinds.contract import OutputField
from jumok.kinds.presence import encode_inputs
from jumok.nested import tensors_of
from jumok.predictor.predictor import Predictor
from jumok.values import Prediction

QUANTITIES = {  # what the numbers of an output are, in one word or two
    "text": "log-probability",
    "boxes": "box or logit",
    "mask": "logit",
    "label": "logit",
    "values": "value",
    "forecast": "value",
}


@dataclass(frozen=True)
class LargestDifference:
    """The largest difference of the numbers of one output."""

    quantity: str
    absolute: float
    relative: float  # to one plus the size of the number
    examples: int  # that were compared


def largest_differences(
    original: Predictor,
    exported: Predictor,
    inputs: Sequence[Mapping[str, Any]],
    predictions: Sequence[Prediction],
) -> dict[str, LargestDifference]:
    """The largest difference of each output.

    Texts are compared by the log-probability of each token of what the original answered; all else by what the model
    computes before an answer is made of it.

    Args:
        original: The model in torch.
        exported: The same model in another runtime.
        inputs: Raw inputs.
        predictions: What the original answered to them.

    Returns:
        The difference of each output by name.
    """
    found: dict[str, list[tuple[Tensor, Tensor]]] = {name: [] for name in original.outputs}
    count = 0
    with torch.inference_mode():
        for batch, rows in collated(original, inputs):
            count += len(rows)
            for name, field in original.outputs.items():
                said = [predictions[row][name] for row in rows]
                found[name] += pair_numbers(original, exported, field, batch, said)
    return {
        name: summarized(QUANTITIES.get(original.outputs[name].kind, "number"), pairs, count)
        for name, pairs in found.items()
    }


def collated(
    predictor: Predictor, inputs: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Batches of the inputs that are not empty, with their places."""
    named = [predictor.parse_inputs(one) for one in inputs]
    places = [i for i, value in enumerate(named) if not predictor.is_empty(value)]
    columns = encode_inputs(predictor.inputs, [named[i] for i in places])
    for batch in predictor.batches(columns, len(places)):
        rows = [int(row) for row in batch]
        yield predictor.collate(columns, rows), [places[row] for row in rows]


def pair_numbers(
    original: Predictor,
    exported: Predictor,
    field: OutputField,
    batch: Mapping[str, Any],
    said: Sequence[Any],
) -> list[tuple[Tensor, Tensor]]:
    """The numbers of an output by both engines.

    Args:
        original: The model in torch.
        exported: The same model in another runtime.
        field: The output.
        batch: A collated batch.
        said: What the original answered.

    Returns:
        Pairs of tensors of one shape.
    """
    engines = (original.engine, exported.engine)
    if field.program is None:
        codec: Any = field.codec
        written = codec.collate(codec.tokens([value.text for value in said]))
        ours, theirs = (one.token_log_probabilities(field.name, batch, written) for one in engines)
        return [(ours[written.valid], theirs[written.valid])]
    made = [field.program(one.decoders[field.name], one.encode(batch)) for one in engines]
    return list(zip(*(tensors_of((one,)).values() for one in made), strict=True))


def summarized(quantity: str, pairs: Sequence[tuple[Tensor, Tensor]], count: int) -> LargestDifference:
    """The largest of the differences of pairs of tensors; what one of them has beyond the other is padding."""
    absolute = relative = 0.0
    for ours, theirs in pairs:
        if not ours.numel():
            continue
        theirs = theirs[tuple(slice(length) for length in ours.shape)]
        apart = (ours.double() - theirs.double()).abs()
        absolute = max(absolute, float(apart.max()))
        relative = max(relative, float((apart / (1 + ours.double().abs())).max()))
    return LargestDifference(quantity, absolute, relative, count)
