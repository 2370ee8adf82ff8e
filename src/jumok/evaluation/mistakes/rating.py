"""Annotations beside what a model says of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from jumok.dataset.split import Split
from jumok.errors import DataError
from jumok.kinds.contract import DecodingRequest
from jumok.kinds.mistakes import MistakeFinder
from jumok.kinds.presence import encode_inputs
from jumok.predictor.predictor import Predictor

RatedAnswers = dict[str, Any]  # by output, what its `MistakeFinder` rated; of one example


def mistake_finders(predictor: Predictor) -> dict[str, MistakeFinder]:
    """The outputs of a model whose annotations can be doubted, by name; DataError if there are none."""
    found = {name: field.mistakes for name, field in predictor.outputs.items() if field.mistakes is not None}
    if not found:
        kinds = ", ".join(f"{name} ({field.kind})" for name, field in predictor.outputs.items())
        raise DataError(
            f"this model answers {kinds}, which nobody annotates; mistakes are looked for in boxes, masks, labels, "
            "texts and values"
        )
    return found


def rate_values(
    predictor: Predictor,
    inputs: Sequence[Mapping[str, Any]],
    cells: Sequence[Mapping[str, str]],
    root: Path,
    progress: Callable[[int], None] | None = None,
) -> list[RatedAnswers]:
    """Compare annotations with what a model says of the same inputs.

    Args:
        predictor: The model, in torch.
        inputs: The inputs of each example by name.
        cells: The annotation of each output by name, a cell of a table.
        root: Where paths in cells start.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        What was rated of each example, by output; an output without a cell is left out, as is all of an empty input.

    Raises:
        RunError: The model was exported to another runtime.
        DataError: No output can be doubted, or an input cannot be read.
    """
    finders = mistake_finders(predictor)
    parsed = [predictor.parse_inputs(value) for value in inputs]
    asked = [i for i, value in enumerate(parsed) if not predictor.is_empty(value)]
    columns = encode_inputs(predictor.inputs, [parsed[i] for i in asked])
    predictor.check_lengths(columns, asked)
    found: list[RatedAnswers] = [{} for _ in inputs]
    for rows in predictor.batches(columns, len(asked)):
        numbers = [asked[int(row)] for row in rows]
        for name, rated in rate_batch(
            predictor,
            finders,
            predictor.collate(columns, [int(row) for row in rows]),
            [cells[i] for i in numbers],
            root,
        ).items():
            for i, one in zip(numbers, rated, strict=True):
                if name in cells[i]:
                    found[i][name] = one
        if progress is not None:
            progress(len(numbers))
    if progress is not None and len(asked) < len(inputs):
        progress(len(inputs) - len(asked))
    return found


@torch.inference_mode()
def rate_batch(
    predictor: Predictor,
    finders: Mapping[str, MistakeFinder],
    batch: Mapping[str, Any],
    cells: Sequence[Mapping[str, str]],
    root: Path,
) -> dict[str, Sequence[Any]]:
    """Compare one batch.

    Args:
        predictor: The model.
        finders: What compares each output.
        batch: The collated inputs.
        cells: The annotations of each example.
        root: Where paths in cells start.

    Returns:
        What was rated, by output; of examples without a cell it means nothing.
    """
    request = DecodingRequest(predictor.search, predictor.max_tokens, list(range(len(cells))))
    decoders = predictor.model.decoders
    with predictor.engine.computing(predictor.decoding.precision):
        memories = predictor.model.encode(batch)
        return {
            name: finder.rate(decoders[name], memories, batch, [one[name] for one in cells], root, request)
            for name, finder in finders.items()
        }


def rate_split(
    predictor: Predictor,
    split: Split,
    examples: Sequence[int] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[RatedAnswers]:
    """Compare the annotations of a split with what a model says.

    Args:
        predictor: The model.
        split: The split, as the model reads it.
        examples: Their numbers in the split; all by default.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        What was rated of each example, by output.
    """
    numbers = range(len(split)) if examples is None else examples
    inputs = [{name: split.value(name, i) for name in split.inputs} for i in numbers]
    cells = [{name: split.text(name, i) for name in split.outputs} for i in numbers]
    return rate_values(predictor, inputs, cells, split.root, progress)
