"""Decimal to binary and back: a made-up task with a known answer for every input."""

from pathlib import Path

import numpy as np

LIMIT = 2**20
SEED = 1
TEST, VALID, TRAIN = 2000, 500, 400_000

EXPERIMENT = """\
# {title}: numbers below 2^20, written by `jumok demo`.
inputs:
  {source}:
    kind: text
    encoder: {{kind: transformer, layers: 2}}
    tokens: {{kind: characters, digits: {source_digits}}}  # groups counted from the right, like 1|048|575
outputs:
  {target}:
    kind: text
    decoder: {{kind: transformer, layers: 2}}
    tokens: {{kind: characters, digits: {target_digits}}}
    unit: character
data:
  train: {{table: data/train.tsv}}
  valid: {{table: data/valid.tsv}}
  test: {{table: data/test.tsv}}
model: {{width: 128, heads: 4, dropout: 0.0}}
training:
  {{steps: {steps}, batch_tokens: 2048, learning_rate: 3e-3, label_smoothing: 0.0, evaluate_every: {every},
   evaluate_examples: 250, average: ema, ema_decay: 0.99}}
decoding: {{beam: 1, method: greedy}}
"""


def parts(seed: int = SEED) -> dict[str, np.ndarray]:
    """Disjoint numbers below 2^20 for train, valid and test.

    A quarter of the test and valid numbers is drawn with every count of digits from 3 to 7 alike, so that short ones
    are tested too; the others are drawn from all numbers alike.
    """
    generator = np.random.default_rng(seed)
    held = held_out(generator, TEST + VALID)
    is_held = np.zeros(LIMIT, dtype=bool)
    is_held[held] = True
    free = generator.permutation(np.flatnonzero(~is_held))
    small = free[free < 20_000]  # all of them: most numbers are long, and the short ones would hardly be seen
    train = np.concatenate((small, free[free >= 20_000][: TRAIN - len(small)]))
    return {"train": generator.permutation(train), "valid": held[TEST:], "test": held[:TEST]}


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
    for part, numbers in parts().items():
        rows = (f"{n:b}\t{n}\n" if reverse else f"{n}\t{n:b}\n" for n in numbers.tolist())
        text = "\t".join(names) + "\n" + "".join(rows)
        (folder / "data" / f"{part}.tsv").write_text(text, encoding="utf-8")
    digits = (10, 1) if reverse else (3, 4)
    file.write_text(
        EXPERIMENT.format(
            title=f"{names[0].capitalize()} to {names[1]}",
            source=names[0],
            target=names[1],
            source_digits=digits[0],
            target_digits=digits[1],
            steps=2000,
            every=250,
        ),
        encoding="utf-8",
    )
    return file
