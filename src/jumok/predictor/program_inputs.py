"""The inputs of an exported program: the tensors of a batch by name, and which rows have an optional input.

A program takes an input that rows may lack as `NAME.present` (B,), True on rows that have it, and the tensors of those
rows alone. Where no row has it they are of a stand-in, which counts for nothing.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from jumok.errors import DataError, RunError
from jumok.nested import tensors_of
from jumok.predictor.exported import EXPORT_AGAIN
from jumok.values import PartialBatch

PRESENT = "present"  # the last part of the name of a tensor that says which rows have an input
STAND_INS_FILE = "stand_ins.npz"  # tensors of one example of each input that rows may lack
Pads = Mapping[str, Mapping[str, int]]  # by tensor, what the length of an axis becomes a multiple of


def program_tensors(
    batch: Mapping[str, Any], partial: Collection[str] = (), stand_ins: Mapping[str, Tensor] | None = None
) -> dict[str, Tensor]:
    """The tensors of a batch by name, like `photo.pixels`.

    Args:
        batch: A collated batch.
        partial: The inputs that rows may lack: they say which rows have them, also where all do.
        stand_ins: The tensors of an example of each of them.

    Returns:
        The tensors.

    Raises:
        DataError: A row lacks an input that the program needs.
    """
    found: dict[str, Tensor] = {}
    for name, part in batch.items():
        values, present = part if isinstance(part, PartialBatch) else (part, None)
        if present is not None and name not in partial:
            raise DataError(
                f"this exported model needs {name}, which an input lacks; give it, name the run, or export the run "
                "again"
            )
        if values is None:
            found |= {key: one for key, one in (stand_ins or {}).items() if key.startswith(f"{name}.")}
        else:
            found |= {f"{name}.{path}": one for path, one in tensors_of(values).items()}
        if name in partial:
            everywhere = torch.ones(count_rows(batch), dtype=torch.bool)
            found[f"{name}.{PRESENT}"] = everywhere if present is None else present
    return found


def count_rows(batch: Mapping[str, Any]) -> int:
    """How many rows a batch has: a tensor has one of each, or several of each, as frames of clips."""
    counts = [
        len(part.present) if isinstance(part, PartialBatch) else min(map(len, tensors_of(part).values()))
        for part in batch.values()
    ]
    return min(counts)


def pad_inputs(tensors: Mapping[str, Tensor], pads: Pads) -> dict[str, Tensor]:
    """Tensors with zeros at the end of the axes that are padded."""
    padded = dict(tensors)
    for name, axes in pads.items():
        for axis, multiple in axes.items():
            padded[name] = pad_end(padded[name], int(axis), multiple)
    return padded


def pad_end(tensor: Tensor, axis: int, multiple: int) -> Tensor:
    """Zeros at the end of an axis, up to a multiple.

    Args:
        tensor: The tensor.
        axis: The axis.
        multiple: Of which its length becomes a multiple.

    Returns:
        The longer tensor.
    """
    missing = -tensor.shape[axis] % multiple
    if not missing:
        return tensor
    shape = list(tensor.shape)
    shape[axis] = missing
    return torch.cat((tensor, tensor.new_zeros(shape)), axis)


def write_stand_ins(folder: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors of an example of each input that rows may lack."""
    arrays: dict[str, Any] = {name: one.numpy() for name, one in tensors.items()}
    np.savez_compressed(folder / STAND_INS_FILE, **arrays)


def read_stand_ins(folder: Path) -> dict[str, Tensor]:
    """What `write_stand_ins` wrote; RunError where it cannot be read."""
    path = folder / STAND_INS_FILE
    try:
        with np.load(path) as arrays:
            return {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    except (OSError, ValueError, KeyError) as error:
        raise RunError(f"{path} cannot be read ({error}); {EXPORT_AGAIN}") from None
