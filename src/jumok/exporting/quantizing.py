"""Programs of ONNX in 8 bits: onnxruntime's static quantization, calibrated on examples of the data."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from jumok.deferred import import_extra
from jumok.predictor.onnx_engine import Program

MATRICES = ["Conv", "MatMul", "Gemm"]  # whose weights and inputs are kept in 8 bits


class CalibrationReader:
    """Hands out batches one after the other, as onnxruntime asks for them."""

    def __init__(self, batches: Iterator[Mapping[str, np.ndarray]], names: list[str]) -> None:
        self.batches, self.names = batches, names

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The inputs of the next batch by name; None after the last one."""
        batch = next(self.batches, None)
        return None if batch is None else {name: batch[name] for name in self.names}


def quantize_program(path: Path, batches: Iterator[Mapping[str, np.ndarray]]) -> None:
    """Replace a program by one whose matrices and their inputs are in 8 bits.

    Args:
        path: The file of the program.
        batches: Inputs by name, from which the range of each tensor is measured.
    """
    package = import_extra("onnxruntime.quantization", "export", "an export in int8")
    whole = path.with_suffix(".whole.onnx")
    os.replace(path, whole)
    names = Program(whole).inputs
    with quiet_quantizer():
        package.quantize_static(
            str(whole),
            str(path),
            CalibrationReader(batches, names),
            quant_format=package.QuantFormat.QDQ,
            op_types_to_quantize=MATRICES,
            per_channel=True,
            activation_type=package.QuantType.QUInt8,
            weight_type=package.QuantType.QInt8,
        )
    whole.unlink()


@contextmanager
def quiet_quantizer() -> Iterator[None]:
    """Without what onnxruntime advises its users to do before."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
