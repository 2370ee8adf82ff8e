"""What values have learned beside the weights of their head: their scale, and how wide intervals must be."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from jumok.files import write_json
from jumok.kinds.saved import saved_json

MIN_INTERVAL_EXAMPLES = 50  # examples, from which on intervals are calibrated


@dataclass(frozen=True)
class ValuesState:
    """Mean and standard deviation of each value (N,) in training, and the calibration of its interval."""

    center: tuple[float, ...]
    scale: tuple[float, ...]  # never 0
    examples: int  # of training, that could be read
    calibration: tuple[float, ...] | None = (
        None  # in deviations added to bounds, or what multiplies their distance
    )


def training_state(values: np.ndarray) -> ValuesState:
    """The state that the values (n, N) of training give; a value that is always the same has the scale 1."""
    if not len(values):  # each cell is refused by name when the split is checked
        return ValuesState((0.0,) * values.shape[1], (1.0,) * values.shape[1], 0)
    deviation = values.std(0)
    scale = np.where(deviation > 0, deviation, 1.0)
    return ValuesState(tuple(values.mean(0).tolist()), tuple(scale.tolist()), len(values))


def conformal_quantile(scores: np.ndarray, level: float) -> float:
    """The score that a new example stays below with probability `level` or more (Vovk et al., 2005).

    Args:
        scores: How far each example lies outside of its interval (n,).
        level: The share of examples that intervals should hold.

    Returns:
        The ⌈(n + 1) · level⌉-th smallest score; infinity where n is too small for that.
    """
    rank = math.ceil((len(scores) + 1) * level)
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else math.inf


def write_values_state(file: Path, state: ValuesState) -> None:
    """Write the state as JSON."""
    write_json(file, asdict(state))


def read_values_state(file: Path) -> ValuesState:
    """RunError when the file is not what `write_values_state` wrote."""
    with saved_json(file) as found:
        calibration = found["calibration"]
        return ValuesState(
            tuple(map(float, found["center"])),
            tuple(map(float, found["scale"])),
            int(found["examples"]),
            None if calibration is None else tuple(map(float, calibration)),
        )
