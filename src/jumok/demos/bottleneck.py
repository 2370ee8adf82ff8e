"""The bottleneck demo: models that compress a sequence into one vector, against models with attention.

The task is to read out digits: 4 0 7 → four zero seven. Each digit is random, so that a longer sequence holds more
to remember, and nothing else about it is hard (Cho et al., 2014, and Bahdanau et al., 2015, on translation).
"""

from pathlib import Path

import numpy as np

from jumok.outputs import write_made
from jumok.runs.layout import RunLayout
from jumok.sweeps.comparison import Variation

TITLE = "Reading out digits: one vector or attention"
MAX_DIGITS = 24
TRAIN_ROWS, VALID_ROWS, TEST_ROWS = 60_000, 500, 2400
DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

EXPERIMENT = """\
# Reading out digits, 4 0 7 → four zero seven, written by `jumok demo bottleneck`.
inputs:
  digits: {kind: text, encoder: {kind: gru, layers: 1}}
outputs:
  words: {kind: text, decoder: {kind: gru, layers: 1, attention: none}, metric: exact_match}
data:
  train: {table: data/train.tsv}
  valid: {table: data/valid.tsv}
  test: {table: data/test.tsv}
  tokens: {kind: spaces}
model: {width: 128, heads: 4, dropout: 0.0}
training:
  steps: 320
  batch_tokens: 2048
  optimizer: muon
  learning_rate: 3e-3
  warmup: 32
  label_smoothing: 0.0
  ema_decay: 0.99
  evaluate_every: 160
  evaluate_examples: 250
  baselines: false
decoding: {method: greedy}
"""


def one_vector(kind: str) -> Variation:
    """A recurrent model of this kind without attention: the decoder sees one vector of the source."""
    return recurrent(kind, "none", f"{kind.upper()}, one vector")


def recurrent(kind: str, attention: str, name: str) -> Variation:
    """Settings of a recurrent model.

    Args:
        kind: Kind of the cells, such as "gru".
        attention: Kind of attention, or "none".
        name: Name of the model in the comparison.

    Returns:
        The variation.
    """
    encoder = {"kind": kind, "layers": 1}
    decoder = {"kind": kind, "layers": 1, "attention": attention}
    return Variation(name, {"inputs.digits.encoder": encoder, "outputs.words.decoder": decoder})


VARIATIONS = (
    one_vector("rnn"),
    one_vector("lstm"),
    one_vector("gru"),
    recurrent("gru", "additive", "GRU with attention"),
    Variation(
        "Transformer",
        {
            "inputs.digits.encoder": {"kind": "transformer", "layers": 1},
            "outputs.words.decoder": {"kind": "transformer", "layers": 1},
        },
    ),
)


def sequences(count: int, generator: np.random.Generator) -> list[list[int]]:
    """Random digits, each length from 1 to `MAX_DIGITS` equally often."""
    lengths = generator.integers(1, MAX_DIGITS + 1, size=count)
    return [generator.integers(10, size=length).tolist() for length in lengths.tolist()]


def write(folder: Path, seed: int = 1) -> Path:
    """Write data and experiment file into a folder, unless they exist; returns the experiment file."""
    file = RunLayout(folder).experiment
    if file.exists():
        return file
    generator = np.random.default_rng(seed)
    seen: set[tuple[int, ...]] = set()
    for split, count in (("test", TEST_ROWS), ("valid", VALID_ROWS), ("train", TRAIN_ROWS)):
        drawn = sequences(count, generator)
        kept = drawn if split == "test" else [digits for digits in drawn if tuple(digits) not in seen]
        if split != "train":
            # all short ones are in every split
            seen |= {tuple(digits) for digits in drawn if len(digits) > 2}
        rows = [
            f"{' '.join(map(str, digits))}\t{' '.join(DIGIT_WORDS[d] for d in digits)}\n" for digits in kept
        ]
        write_made(RunLayout(folder).data / f"{split}.tsv", ("digits\twords\n" + "".join(rows)).encode())
    write_made(file, EXPERIMENT.encode())
    return file
