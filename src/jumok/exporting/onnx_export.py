"""Export to ONNX: one program that encodes and answers, and one step of each decoder of texts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jumok.data.text.specials import BOS
from jumok.deferred import import_extra
from jumok.errors import ConfigurationError
from jumok.exporting.programs import EncodeProgram, StepProgram, differing_axes, named_tensors
from jumok.exporting.quantizing import quantize_program
from jumok.exporting.target import ExportRequest, Written
from jumok.exporting.to_onnx import any_length, write_onnx
from jumok.kinds.presence import InputColumn, encode_inputs
from jumok.nested import replaced, tensors_of
from jumok.predictor.exported import INPUTS_FILE
from jumok.predictor.onnx_engine import MODEL_FILE, ONNX_FILES, STEP_FILE
from jumok.predictor.predictor import Predictor
from jumok.predictor.program_inputs import pad_end, pad_inputs, program_tensors, write_stand_ins

BATCH_SIZES = (3, 5)  # examples of two batches, which tell what may vary
LACKING = 1  # the example of each batch that has no optional input
CALIBRATED_BY = 64  # examples, for the ranges of numbers in 8 bits
MAX_CANDIDATES = 500  # examples, of which the largest and the smallest one are taken
WHERE_EXAMPLES = "export where the data are at hand, with examples that have it"
STEPS_BEFORE = (2, 3)  # tokens that were read before an exported step


def export_onnx(folder: Path, request: ExportRequest) -> Written:
    """Write the programs into `onnx/`; see `Exporter`."""
    for package in ("onnx", "onnxscript", "onnxruntime"):
        import_extra(package, "export", "an export to ONNX")
    predictor = request.predictor
    refuse_without_program(request)
    with torch.inference_mode(False), torch.no_grad():
        values = example_values(request)
        some, others = example_batches(predictor, values)
        encode, pads = write_encoder(folder, predictor, some, others)
        steps = {
            name: write_step(folder, predictor, name, some, widened(others, pads, optional_inputs(predictor)))
            for name, field in predictor.outputs.items()
            if field.program is None
        }
    if request.quantize == "int8":
        quantize_program(folder / encode["file"], calibration_batches(predictor, values, pads))
    limits = {name: json_limit(predictor.engine.max_length(name)) for name in predictor.inputs}
    programs = {"encode": encode, "pad": pads, "steps": steps}
    write_example_inputs(folder, pad_inputs(program_tensors(some, optional_inputs(predictor)), pads))
    if optional := stand_ins(predictor, values):
        write_stand_ins(folder, optional)
    return Written(limits, programs)


def refuse_without_program(request: ExportRequest) -> None:
    """Refuse outputs that say nothing of what their head computes; raises ConfigurationError."""
    for name, field in request.predictor.outputs.items():
        if field.program is None and not field.is_autoregressive:
            raise ConfigurationError(
                f"{request.run}: {name} is {field.kind}, which has no program to export; serve the run itself"
            )


def example_values(request: ExportRequest) -> list[Mapping[str, Any]]:
    """Parsed examples of the data with all inputs; one that lacks an optional input borrows that of another one."""
    predictor, split = request.predictor, request.split
    if split is None:
        raise ConfigurationError(
            "an export to ONNX needs examples of the data, to see which shapes there are"
        )
    examples, _ = split.answers(MAX_CANDIDATES)
    rows = [{name: split.value(name, one) for name in split.inputs} for one in examples]
    needed = [name for name in predictor.inputs if name not in optional_inputs(predictor)]
    parsed = [predictor.parse_inputs(row) for row in rows if all(row[name] is not None for name in needed)]
    lent = {name: one[name] for one in reversed(parsed) for name in one if name not in needed}
    values: list[Mapping[str, Any]] = [{**lent, **one} for one in parsed if not predictor.is_empty(one)]
    missing = [name for name in predictor.inputs if not values or name not in values[0]]
    if missing:
        raise ConfigurationError(
            f"an export to ONNX needs an example of each input, but none has {missing[0]}; {WHERE_EXAMPLES}"
        )
    return values


def optional_inputs(predictor: Predictor) -> list[str]:
    """The inputs that rows may lack."""
    return [name for name, field in predictor.inputs.items() if field.is_optional]


def example_batches(
    predictor: Predictor, values: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two batches: of the longest or largest item of each input, and of the shortest or smallest ones.

    In each of them one row lacks all optional inputs, so that the program knows what rows are without them.
    """
    optional = optional_inputs(predictor)
    smallest, largest = extreme_examples(predictor, values)
    batches = []
    for chosen, size in zip((largest, smallest), BATCH_SIZES, strict=True):
        rows = [chosen] * size
        rows[LACKING] = {name: one for name, one in chosen.items() if name not in optional}
        batches.append(predictor.collate(encode_inputs(predictor.inputs, rows), range(size)))
    large, small = batches
    return large, small


def extreme_examples(
    predictor: Predictor, values: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The smallest and the largest item of each input, be they of different examples."""
    columns = encode_inputs(predictor.inputs, values)
    orders = {name: np.argsort(item_sizes(column), kind="stable") for name, column in columns.items()}
    smallest, largest = (
        {name: values[int(order[place])][name] for name, order in orders.items()} for place in (0, -1)
    )
    return smallest, largest


def stand_ins(predictor: Predictor, values: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    """The tensors of the smallest item of each optional input."""
    smallest, _ = extreme_examples(predictor, values)
    batch = predictor.collate(encode_inputs(predictor.inputs, [smallest]), [0])
    return program_tensors({name: batch[name] for name in optional_inputs(predictor)})


def calibration_batches(
    predictor: Predictor, values: Sequence[Mapping[str, Any]], pads: Mapping[str, Any]
) -> Iterator[dict[str, np.ndarray]]:
    """Some examples as the program takes them, evenly spread."""
    chosen = np.linspace(0, len(values) - 1, min(len(values), CALIBRATED_BY)).astype(int)
    columns = encode_inputs(predictor.inputs, [values[i] for i in chosen])
    for rows in predictor.batches(columns, len(chosen)):
        tensors = pad_inputs(
            program_tensors(predictor.collate(columns, rows.tolist()), optional_inputs(predictor)), pads
        )
        yield {name: one.numpy() for name, one in tensors.items()}


def item_sizes(column: InputColumn) -> np.ndarray:
    """How long or large each item (N,) of an input is; all are alike where it has no sizes."""
    lengths = column.lengths()
    found = column.groups() if lengths is None else lengths
    return np.zeros(len(column.places), dtype=np.int64) if found is None else found


def write_encoder(
    folder: Path, predictor: Predictor, some: Mapping[str, Any], others: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write the program that encodes.

    Args:
        folder: The exported model.
        predictor: The original.
        some: A batch.
        others: A batch of another size.

    Returns:
        What model.json says of it, and how inputs are padded before.
    """
    pads = paddings(predictor)
    partial = optional_inputs(predictor)
    given, varied = (pad_inputs(program_tensors(batch, partial), pads) for batch in (some, others))
    dynamic = {
        name: {axis: any_length(*multiple_of(name, axis, pads)) for axis in axes}
        for name, axes in varying_axes(given, varied, pads).items()
    }
    program = EncodeProgram(predictor.model, predictor.outputs, some)
    found = [(name, path) for name, path, _ in program.results(some)]
    results = [f"{name}.{path}" if path else name for name, path in found]
    write_onnx(folder / ONNX_FILES / MODEL_FILE, program, given, results, dynamic)
    outputs = {
        name: {
            "type": type_of(predictor, name, some),
            "tensors": {path: f"{name}.{path}" if path else name for owner, path in found if owner == name},
        }
        for name in predictor.outputs
    }
    found_of = {"file": f"{ONNX_FILES}/{MODEL_FILE}", "inputs": list(given), "partial": partial}
    return {**found_of, "outputs": outputs}, pads


def varying_axes(
    given: Mapping[str, Tensor], varied: Mapping[str, Tensor], pads: Mapping[str, Any]
) -> dict[str, list[int]]:
    """The axes of any length: those that differ, and all axes that are padded to a multiple."""
    found = differing_axes(given, varied)
    return {name: sorted({*axes, *map(int, pads.get(name, {}))}) for name, axes in found.items()}


def multiple_of(name: str, axis: int, pads: Mapping[str, Any]) -> tuple[int, str]:
    """What the length of an axis is a multiple of, and a name for it."""
    return int(pads.get(name, {}).get(str(axis), 1)), f"{name}_{axis}".replace(".", "_")


def paddings(predictor: Predictor) -> dict[str, dict[str, int]]:
    """By tensor, the axes that are padded with zeros to a multiple: pixels, to that of the coarsest features."""
    found = {}
    for name, field in predictor.inputs.items():
        encoder: Any = predictor.model.encoders[name]
        if field.canvas is not None:
            multiple = int(max(encoder.backbone.strides))
            found[f"{name}.pixels"] = {"2": multiple, "3": multiple}
    return found


def widened(
    batch: Mapping[str, Any], pads: Mapping[str, Mapping[str, int]], partial: Sequence[str]
) -> dict[str, Any]:
    """The same batch with more zeros along the axes that are padded, so that a state of another length comes of it."""
    tensors = pad_inputs(program_tensors(batch, partial), pads)
    for name, axes in pads.items():
        for axis, multiple in axes.items():
            longer = tensors[name].shape[int(axis)] + multiple
            tensors[name] = pad_end(tensors[name], int(axis), longer)
    rest = iter([tensors[name] for name in program_tensors(batch, partial)])
    return {name: replaced(part, rest) for name, part in batch.items()}


def write_step(
    folder: Path, predictor: Predictor, name: str, some: Mapping[str, Any], others: Mapping[str, Any]
) -> dict[str, Any]:
    """Write one step of a decoder of texts.

    Args:
        folder: The exported model.
        predictor: The original.
        name: The output.
        some: A batch.
        others: A batch of another size.

    Returns:
        What model.json says of it.
    """
    decoder: Any = predictor.model.decoders[name]
    starts = [decoder.start(predictor.model.encode(batch).joined) for batch in (some, others)]
    program = StepProgram(decoder, starts[0], BATCH_SIZES[0])
    states = [
        advanced(decoder, start, size, steps)
        for start, size, steps in zip(starts, BATCH_SIZES, STEPS_BEFORE, strict=True)
    ]
    given, varied = (
        {"token": torch.full((size,), BOS), **tensors_of(state)}
        for state, size in zip(states, BATCH_SIZES, strict=True)
    )
    dynamic = {key: dict.fromkeys(axes, any_length()) for key, axes in differing_axes(given, varied).items()}
    results = ["logits", *(f"next.{path}" for path in program.changed)]
    file = STEP_FILE.format(name=name)
    write_onnx(folder / ONNX_FILES / file, program, given, results, dynamic)
    head: Any = predictor.outputs[name].head
    return {
        "file": f"{ONNX_FILES}/{file}",
        "state": batch_axes(*map(tensors_of, starts)),
        "changed": list(program.changed),
        "max_tokens": head.max_tokens - 1,
    }


def advanced(decoder: Any, state: Any, sources: int, steps: int) -> Any:
    """The state after so many begin marks."""
    for _ in range(steps):
        _, state = decoder.step(torch.full((sources,), BOS), state)
    return state


def batch_axes(some: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> dict[str, int]:
    """The axis of each tensor along which the examples of two batches stand."""
    return {
        name: list(zip(one.shape, others[name].shape, strict=True)).index(BATCH_SIZES)
        for name, one in some.items()
    }


def type_of(predictor: Predictor, name: str, batch: Mapping[str, Any]) -> str | None:
    """The named tuple that an output is computed as; None for a single tensor, and for decoders of texts."""
    field = predictor.outputs[name]
    if field.program is None:
        return None
    made = field.program(predictor.engine.decoders[name], predictor.engine.encode(batch))
    return None if set(named_tensors(made)) == {""} else type(made).__name__


def json_limit(limit: float) -> int | None:
    """A limit as JSON has it."""
    return None if limit == float("inf") else int(limit)


def write_example_inputs(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors of a batch, for programs that run the model."""
    arrays: dict[str, Any] = {name: one.numpy() for name, one in tensors.items()}
    np.savez_compressed(folder / INPUTS_FILE, **arrays)
