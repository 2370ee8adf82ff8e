"""The gestures demo: which exercise somebody does, from the movements of a smartwatch.

`gestures.npz` holds 140 recordings of 10 people doing 7 shoulder exercises with each arm: acceleration and rotation on
three axes, made of the 50 samples a second of the package `seglearn` (D. Burns, 2018, BSD 3-Clause; its notice is in
`gestures.LICENSE`) by a low-pass filter and every second sample, with 12 bits. The people of the test split are in no
other split.
"""

from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jumok.outputs import write_made
from jumok.runs.layout import RunLayout

RATE = 25  # samples a second
EXAMPLE_SAMPLES = 100  # samples of an example: 4 seconds
STRIDES = {
    "train": 25,
    "valid": 100,
    "test": 100,
}  # samples from one example to the next; overlaps in train only
PEOPLE = {"train": (1, 2, 3, 4, 5, 6), "valid": (7,), "test": (8, 9, 10)}
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")  # acceleration, and speed of rotation
EXERCISES = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)

EXPERIMENT = """\
# Which exercise a person does, from the sensors of a smartwatch; written by `jumok demo gestures`.
inputs:
  motion:
    kind: series
    channels: [ax, ay, az, wx, wy, wz]                    # acceleration, and speed of rotation
    rate: 25                                              # samples a second
    encoder: {kind: recurrent, cell: gru, patch: 4}       # 0.16 seconds are read together
    # people move at their own pace and wear a watch in their own way
    augment: {jitter: 0.2, scale: 0.3, speed: 0.3, rotate: 45, mask: 0.2, shift: 0.2}
outputs:
  exercise: {kind: label}
data:
  train: {arrays: data/train.npz}
  valid: {arrays: data/valid.npz}
  test: {arrays: data/test.npz}                           # people who are in no other split
model: {width: 64, dropout: 0.4}
training:
  {steps: 1000, batch_size: 32, optimizer: muon, warmup: 50, weight_decay: 0.1, label_smoothing: 0.1, ema_decay: 0.99,
   evaluate_every: 200}
"""


class Recordings(NamedTuple):
    """Recordings of people doing exercises."""

    values: list[np.ndarray]  # each (T, 6) float32
    exercise: np.ndarray  # (N,), numbers of EXERCISES
    person: np.ndarray  # (N,), from 1


def recordings() -> Recordings:
    """All recordings of the package's file."""
    with (files("jumok.demos") / "gestures.npz").open("rb") as file, np.load(file) as arrays:
        values = arrays["values"] * arrays["scale"]  # (all steps, 6)
        edges = np.cumsum(arrays["lengths"].astype(np.int64))[:-1]
        return Recordings(np.split(values, edges), arrays["exercise"], arrays["person"])


def gesture_examples(split: str) -> tuple[np.ndarray, np.ndarray]:
    """The examples of a split: windows (N, EXAMPLE_SAMPLES, 6), and the exercise of each (N,) by name."""
    told = recordings()
    windows, names = [], []
    for values, exercise, person in zip(*told, strict=True):
        if person not in PEOPLE[split]:
            continue
        for first in range(0, len(values) - EXAMPLE_SAMPLES + 1, STRIDES[split]):
            windows.append(values[first : first + EXAMPLE_SAMPLES])
            names.append(EXERCISES[exercise])
    return np.stack(windows), np.array(names)


def write(folder: Path) -> Path:
    """Write examples and experiment file into a folder, unless they exist; returns the experiment file."""
    file = RunLayout(folder).experiment
    if file.exists():
        return file
    for split in PEOPLE:
        motion, exercise = gesture_examples(split)
        packed = BytesIO()
        np.savez_compressed(packed, motion=motion, exercise=exercise)
        write_made(RunLayout(folder).data / f"{split}.npz", packed.getvalue())
    write_made(file, EXPERIMENT.encode())
    return file
