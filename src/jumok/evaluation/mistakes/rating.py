"""Annotations beside what a model says of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from jumok.dataset.split import Split
from jumok.errors import DataError
from jumok.kinds.contract import DecodingRequest
from jumok.kinds.mistakes import AnnotatedBatch, MistakeFinder
from jumok.kinds.presence import encode_inputs
from jumok.predictor.predictor import Predictor
from jumok.values import Prediction

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
    predictions: Sequence[Prediction] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[RatedAnswers]:
    """Compare annotations with what a model says of the same inputs.

    Args:
        predictor: The model, in torch.
        inputs: The inputs of each example by name.
        cells: The annotation of each output by name, a cell of a table.
        root: Where paths in cells start.
        predictions: The model's answer to each example, where it is known already.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        What was rated of each example, by output; nothing of an empty input.

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
    for some in predictor.batches(columns, len(asked)):
        rows = [int(row) for row in some]
        numbers = [asked[row] for row in rows]
        known = None if predictions is None else [predictions[i] for i in numbers]
        batch, annotated = predictor.collate(columns, rows), [cells[i] for i in numbers]
        for i, one in zip(
            numbers, rate_batch(predictor, finders, batch, annotated, root, known), strict=True
        ):
            found[i] = one
        if progress is not None:
            progress(len(numbers))
    return found


@torch.inference_mode()
def rate_batch(
    predictor: Predictor,
    finders: Mapping[str, MistakeFinder],
    batch: Mapping[str, Any],
    cells: Sequence[Mapping[str, str]],
    root: Path,
    predictions: Sequence[Prediction] | None = None,
) -> list[RatedAnswers]:
    """Compare one batch.

    Args:
        predictor: The model.
        finders: What compares each output.
        batch: The collated inputs.
        cells: The annotations of each example.
        root: Where paths in cells start.
        predictions: The answers, where they are known already.

    Returns:
        What was rated of each example, by output.
    """
    request = DecodingRequest(predictor.search, predictor.max_tokens, list(range(len(cells))))
    decoders, rated = predictor.model.decoders, dict[str, Sequence[Any]]()
    with predictor.engine.computing(predictor.decoding.precision):
        memories = predictor.model.encode(batch)
        for name, finder in finders.items():
            answers = (
                predictor.outputs[name].head.predict(decoders[name], memories, batch, request)
                if predictions is None
                else [one[name] for one in predictions]
            )
            given = [one[name] for one in cells]
            rated[name] = finder.rate(decoders[name], AnnotatedBatch(memories, batch, given, root, answers))
    return [{name: values[i] for name, values in rated.items()} for i in range(len(cells))]


def rate_split(
    predictor: Predictor,
    split: Split,
    examples: Sequence[int] | None = None,
    predictions: Sequence[Prediction] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[RatedAnswers]:
    """Compare the annotations of a split with what a model says.

    Args:
        predictor: The model.
        split: The split, as the model reads it.
        examples: Their numbers in the split; all by default.
        predictions: The answer to each of these examples, where it is known already.
        progress: Called with the number of examples that were compared since it was called last.

    Returns:
        What was rated of each example, by output.
    """
    numbers = range(len(split)) if examples is None else examples
    inputs = [{name: split.value(name, i) for name in split.inputs} for i in numbers]
    cells = [{name: split.text(name, i) for name in split.outputs} for i in numbers]
    return rate_values(predictor, inputs, cells, split.root, predictions, progress)
