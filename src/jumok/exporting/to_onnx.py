"""Programs of plain tensors as files of ONNX."""

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from jumok.errors import ConfigurationError

MAX_BYTES = 2_000_000_000  # bytes of a file of ONNX, which protobuf cannot exceed
NOISY_LOGGERS = ("torch.onnx", "onnxscript", "onnx_ir", "torch.export", "torch._export")


def write_onnx(
    path: Path,
    program: nn.Module,
    given: Mapping[str, Tensor],
    results: Sequence[str],
    dynamic: Mapping[str, Mapping[int, Any]],
) -> None:
    """Write a program as one file, whose weights are within it.

    Args:
        path: The file.
        program: The program; it takes the tensors one after the other, and gives a tuple of them.
        given: Tensors of usual shapes, by the names that the file has for them.
        results: The names of the results.
        dynamic: By tensor, the axes of any length, with what torch needs to know of them.

    Raises:
        ConfigurationError: Torch cannot write such a program, or it is too large.
    """
    size = sum(one.numel() * one.element_size() for one in program.state_dict().values())
    if size > MAX_BYTES:
        raise ConfigurationError(
            f"the weights take {size / 1e9:.1f} GB, but a file of ONNX holds {MAX_BYTES / 1e9:.0f} at most; train a "
            "smaller model, or serve the run itself"
        )
    shapes = tuple(dict(dynamic.get(name, {})) for name in given)
    try:
        with torch.no_grad(), without_exporter_logs():
            made = torch.onnx.export(
                program.eval(),
                tuple(given.values()),
                input_names=list(given),
                output_names=list(results),
                dynamic_shapes=(shapes,),
                dynamo=True,
                external_data=False,
                verbose=False,
                custom_translation_table={torch.ops.aten.sort.stable: stable_sort()},
            )
    except Exception as error:  # torch's own kinds, and those of what it calls
        raise ConfigurationError(
            f"torch cannot write this model as a program of ONNX ({reason_of(error)}); serve the run itself"
        ) from error
    if made is None:
        raise ConfigurationError("torch gave no program of ONNX; serve the run itself")
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save(str(path), external_data=False)


def reason_of(error: Exception) -> str:
    """The line of torch's long message that says what was wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    summary = (line for line in lines if line.startswith("<class "))
    return next(summary, lines[0])[:200]


def any_length(multiple: int = 1, name: str = "L") -> Any:
    """What torch needs to know of an axis: nothing, or that its length is a multiple."""
    return Dim.DYNAMIC if multiple == 1 else multiple * Dim(name)


def stable_sort() -> Any:
    """A stable sort as ONNX has it: of equal values the first one first, as TopK promises."""
    import onnxscript

    op: Any = onnxscript.opset18

    def sort(self: Any, stable: bool = True, dim: int = -1, descending: bool = False) -> Any:
        axis = dim if dim >= 0 else len(self.shape) + dim
        count = op.Reshape(
            op.Gather(op.Shape(self), op.Constant(value_int=axis)), op.Constant(value_ints=[1])
        )
        return op.TopK(self, count, axis=axis, largest=int(descending), sorted=1)

    return sort


@contextmanager
def without_exporter_logs() -> Iterator[None]:
    """Without what torch and its exporter tell their own developers."""
    levels = {name: logging.getLogger(name).level for name in NOISY_LOGGERS}
    for name in NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
