"""The data that all systems get: Multi30k in the token numbers of jumok's recipe."""

from pathlib import Path

import numpy as np

from jumok.dataset import prepare
from jumok.dataset.split import Split
from peers.jumok import experiment_of


def write_corpus(folder: Path, recipe: Path, data: Path, sentences: int) -> dict[str, int]:
    """Write train.npz and test.npz (its first sentences) as `read_pairs` reads them; says what is in them."""
    prepared = prepare(experiment_of(recipe, data, "S"), print)
    train, test = prepared.splits["train"], prepared.splits["test"]
    vocabulary = len(prepared.outputs["english"].codec.vocabulary)
    write(folder / "train.npz", train, len(train), vocabulary)
    write(folder / "test.npz", test, sentences, vocabulary)
    return {
        "pairs": len(train),
        "target_tokens": int(train.lengths("english").sum()),
        "vocabulary": vocabulary,
    }


def write(path: Path, split: Split, count: int, vocabulary: int) -> None:
    arrays = {"vocabulary": np.array(vocabulary)}
    for side, name in (("source", "german"), ("target", "english")):
        rows = [split.columns[name][int(row)] for row in split.rows[:count]]
        arrays[side] = np.concatenate(rows)
        arrays[f"{side}_ends"] = np.cumsum([len(row) for row in rows])
    np.savez(path, **arrays)  # type: ignore[arg-type]
