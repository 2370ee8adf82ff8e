"""Decimal to binary and back: a made-up task with a known answer for every input."""

from pathlib import Path

import numpy as np

LIMIT = 2**20
SEED = 1
TEST, VALID, TRAIN = 2000, 500, 200_000
STEPS = 3100

EXPERIMENT = """\
# {title}: numbers below 2^20, written by `jumok demo`.
# Digits are cut into groups counted from the right, as in 1|048|575, and both sides are read and written from the
# right, where arithmetic starts: then each answer digit needs little more than the carry.
inputs:
  {source}:
    kind: text
    encoder: {{kind: transformer, layers: 1}}
    tokens: {{kind: characters, digits: {group}, direction: right_to_left}}
outputs:
  {target}:
    kind: text
    decoder: {{kind: transformer, layers: 2}}
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
  learning_rate: 5e-3
  warmup: 100
  label_smoothing: 0.0
  ema_decay: 0.99
  evaluate_every: {every}
  evaluate_examples: 500
decoding: {{method: greedy}}
"""


def parts(seed: int = SEED, base: int = 1000) -> dict[str, np.ndarray]:
    """Numbers below 2^20 for train, valid and test; none of train is in the other two.

    A quarter of the test and valid numbers is drawn with every count of digits from 3 to 7 alike, so that short ones
    are tested too; the others are drawn from all numbers alike. In train, three kinds come far more often than chance,
    again and again, for they teach one thing at a time: what a last group of digits is worth (numbers below `base`),
    what a first group is worth (multiples of `base`), and how the two add up (numbers below 20 · `base`). Without
    them the same model stays below one right answer in five for as long (Charton & Kempe, 2024, on repetition).
    """
    generator = np.random.default_rng(seed)
    held = held_out(generator, TEST + VALID)
    is_held = np.zeros(LIMIT, dtype=bool)
    is_held[held] = True
    drawn = np.concatenate(
        (
            generator.integers(base, size=TRAIN * 3 // 20),
            generator.integers(20 * base, size=TRAIN // 4),
            generator.integers(LIMIT // base + 1, size=TRAIN // 5) * base,
            generator.permutation(LIMIT)[: TRAIN * 2 // 5],
        )
    )
    drawn = drawn[drawn < LIMIT]
    drawn = drawn[~is_held[drawn]]
    return {"train": generator.permutation(drawn), "valid": held[TEST:], "test": held[:TEST]}


def held_out(generator: np.random.Generator, count: int) -> np.ndarray:
    """Distinct numbers in random order, a quarter of them spread over 3 to 7 digits."""
    chosen: dict[int, None] = {}
    while len(chosen) < count // 4:
        digits = int(generator.integers(3, 8))
        low, high = 10 ** (digits - 1), min(10**digits, LIMIT)
        chosen[int(generator.integers(low, high))] = None
    while len(chosen) < count:
        chosen[int(generator.integers(LIMIT))] = None
    return generator.permutation(np.array(list(chosen)))


def write(folder: Path, reverse: bool = False) -> Path:
    """Write data and experiment file into a folder, if they are not there; the experiment file."""
    file = folder / "experiment.yaml"
    if file.exists():
        return file
    (folder / "data").mkdir(parents=True, exist_ok=True)
    names = ("binary", "decimal") if reverse else ("decimal", "binary")
    group, target_group = (10, 1) if reverse else (3, 4)  # digits: 1024 or 1000 different groups to read
    for part, numbers in parts(base=1024 if reverse else 1000).items():
        rows = (f"{n:b}\t{n}\n" if reverse else f"{n}\t{n:b}\n" for n in numbers.tolist())
        text = "\t".join(names) + "\n" + "".join(rows)
        (folder / "data" / f"{part}.tsv").write_text(text, encoding="utf-8")
    text = EXPERIMENT.format(
        title=f"{names[0].capitalize()} to {names[1]}",
        source=names[0],
        target=names[1],
        group=group,
        target_group=target_group,
        steps=STEPS,
        every=STEPS // 5,
    )
    file.write_text(text, encoding="utf-8")
    return file
