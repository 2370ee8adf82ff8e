"""The numbers demo: decimal to binary and back, a task with a known answer for every input."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from jumok.outputs import write_made
from jumok.runs.layout import RunLayout

UPPER_BOUND = 2**20
SEED = 1
TEST_EXAMPLES, VALID_EXAMPLES, TRAIN_EXAMPLES = 2000, 500, 200_000


@dataclass(frozen=True)
class Direction:
    """What is read and written: digits per group, training steps, and the mixture of numbers."""

    source: str
    target: str
    source_group: int
    target_group: int
    base: int  # how many numbers one group of the source can write
    steps: int
    decay: float  # of the weights; 0.3 instead of 0.01 halves the steps that decimal to binary needs
    short: float  # share of numbers below base
    low: float  # share of numbers below 20 · base
    round: float  # share of multiples of base


FORWARD = Direction("decimal", "binary", 3, 5, 1000, steps=2250, decay=0.3, short=0.25, low=0.35, round=0.15)
REVERSE = Direction("binary", "decimal", 10, 2, 1024, steps=5000, decay=0.01, short=0.15, low=0.25, round=0.2)

EXPERIMENT = """\
# {title}: numbers below 2^20, written by `jumok demo`.
# Digits are cut into groups counted from the right, as in 1|048|575, and both sides are read and written from the
# right, where arithmetic starts: then each answer digit needs little more than the carry.
inputs:
  {source}:
    kind: text
    encoder: {{kind: transformer, layers: 1}}
    tokens: {{kind: characters, digits: {source_group}, direction: right_to_left}}
outputs:
  {target}:
    kind: text
    decoder: {{kind: transformer, layers: 1}}
    tokens: {{kind: characters, digits: {target_group}, direction: right_to_left}}
data:
  train: {{table: data/train.tsv}}
  valid: {{table: data/valid.tsv}}
  test: {{table: data/test.tsv}}
model: {{width: 128, heads: 4, dropout: 0.0}}
training:
  steps: {steps}
  batch_tokens: 896
  batching: mixed
  learning_rate: 3e-3
  warmup: 100
  weight_decay: {decay}
  label_smoothing: 0.0
  ema_decay: 0.99
  evaluate_every: {every}
  evaluate_examples: 500
decoding: {{method: greedy}}
"""


def split_numbers(direction: Direction = FORWARD, seed: int = SEED) -> dict[str, np.ndarray]:
    """Numbers below 2^20 for train, valid and test; none of train is in the other two.

    A quarter of the test and valid numbers has 3 to 7 digits with equal frequency, so that short ones are tested
    too; the others are uniform. In train, three kinds are much more frequent and repeated, because each teaches one
    thing: what the last group of digits is worth (numbers below `base`), what the first group is worth (multiples of
    `base`), and how the two add up (numbers below 20 · `base`). Without them the same model stays below 20 % correct
    answers in the same time (Charton & Kempe, 2024, on repetition).
    """
    generator = np.random.default_rng(seed)
    held = held_out(generator, TEST_EXAMPLES + VALID_EXAMPLES)
    is_held = np.zeros(UPPER_BOUND, dtype=bool)
    is_held[held] = True
    base = direction.base
    short, low, round_ = (
        int(TRAIN_EXAMPLES * share) for share in (direction.short, direction.low, direction.round)
    )
    drawn = np.concatenate(
        (
            generator.integers(base, size=short),
            generator.integers(20 * base, size=low),
            generator.integers(UPPER_BOUND // base + 1, size=round_) * base,
            generator.permutation(UPPER_BOUND)[: TRAIN_EXAMPLES - short - low - round_],
        )
    )
    drawn = drawn[drawn < UPPER_BOUND]
    drawn = drawn[~is_held[drawn]]
    return {
        "train": generator.permutation(drawn),
        "valid": held[TEST_EXAMPLES:],
        "test": held[:TEST_EXAMPLES],
    }


def held_out(generator: np.random.Generator, count: int) -> np.ndarray:
    """Distinct numbers in random order, a quarter of them with 3 to 7 digits."""
    chosen: dict[int, None] = {}
    while len(chosen) < count // 4:
        digits = int(generator.integers(3, 8))
        low, high = 10 ** (digits - 1), min(10**digits, UPPER_BOUND)
        chosen[int(generator.integers(low, high))] = None
    while len(chosen) < count:
        chosen[int(generator.integers(UPPER_BOUND))] = None
    return generator.permutation(np.array(list(chosen)))


def write(folder: Path, reverse: bool = False) -> Path:
    """Write data and experiment file into a folder, unless they exist; returns the experiment file."""
    file = RunLayout(folder).experiment
    if file.exists():
        return file
    direction = REVERSE if reverse else FORWARD
    for split, numbers in split_numbers(direction).items():
        rows = (f"{n:b}\t{n}\n" if reverse else f"{n}\t{n:b}\n" for n in numbers.tolist())
        text = f"{direction.source}\t{direction.target}\n" + "".join(rows)
        write_made(RunLayout(folder).data / f"{split}.tsv", text.encode())
    text = EXPERIMENT.format(
        title=f"{direction.source.capitalize()} to {direction.target}",
        every=direction.steps // 5,
        **asdict(direction),
    )
    write_made(file, text.encode())
    return file
