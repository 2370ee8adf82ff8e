"""Stretches that a model proposes, which was trained on windows of recordings."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from jumok.errors import DataError
from jumok.experiment import Experiment, read_experiment
from jumok.labelling.proposing.proposer import Proposer, trained_window, windows_over
from jumok.labelling.recordings.store import open_recordings
from jumok.predictor import load
from made_once import trained_once

WINDOW, STRETCH = 16, 48


def write_motions(file: Path, count: int, seed: int) -> None:
    """Recordings of three stretches each: slow, fast, slow; every one is labelled."""
    random, lines = np.random.default_rng(seed), ["id,x,y,motion"]
    for number in range(count):
        for name, pace in (("slow", 0.2), ("fast", 1.6), ("slow", 0.2)):
            steps = np.arange(STRETCH) * pace + random.uniform(0, 6)
            for x, y in np.stack((np.sin(steps), np.cos(steps)), 1) + random.normal(0, 0.1, (STRETCH, 2)):
                lines.append(f"r{number},{x:.4f},{y:.4f},{name}")
    file.write_text("\n".join(lines) + "\n")


def motions(folder: Path) -> Experiment:
    """A tiny model that tells slow from fast in windows."""
    parts = {"train": 8, "valid": 3, "test": 3}
    for seed, (part, count) in enumerate(parts.items()):
        write_motions(folder / f"{part}.csv", count, seed)
    source = {"columns": {"id": "id"}, "window": WINDOW, "stretches": True}
    options = {
        "inputs": {
            "signal": {
                "kind": "series",
                "channels": ["x", "y"],
                "encoder": {"kind": "convolution", "channels": [8]},
            }
        },
        "outputs": {"motion": {"kind": "label"}},
        "data": {part: {"recordings": f"{part}.csv", **source} for part in parts},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 60,
            "batch_size": 16,
            "learning_rate": 0.01,
            "precision": "fp32",
            "evaluate_every": 60,
            "baselines": False,
        },
    }
    (folder / "x.yaml").write_text(yaml.safe_dump(options))
    return read_experiment(folder / "x.yaml")


@pytest.fixture(scope="module")
def proposer() -> Proposer:
    folder = trained_once("motions", motions)
    experiment = read_experiment(folder / "x.yaml")
    source = experiment.data.test
    store = open_recordings(source, experiment.inputs, experiment.outputs)
    return Proposer(load(folder / "run"), store, None, trained_window(folder / "run"))


def test_stretches_are_proposed_where_they_are(proposer):
    keys = [one.key for one in proposer.store.items()]
    found = proposer.propose(keys)
    for key in keys:
        marks = found[key].marks["stretches"]
        assert [one["class"] for one in marks] == ["slow", "fast", "slow"]
        assert marks[0]["start"] == 0 and marks[-1]["end"] == 3 * STRETCH
        assert all(one["end"] == other["start"] for one, other in zip(marks[:-1], marks[1:], strict=True))
        borders = [one["end"] for one in marks[:2]]
        assert np.allclose(borders, [STRETCH, 2 * STRETCH], atol=WINDOW / 2)
        assert 0 <= found[key].unsure <= 1 and np.isfinite(found[key].features).all()
    (alone,) = proposer.propose(keys[:1]).values()
    assert alone.marks == found[keys[0]].marks and alone.unsure == pytest.approx(
        found[keys[0]].unsure, abs=1e-5
    )


def test_the_store_takes_what_is_proposed(proposer, tmp_path):
    folder = trained_once("motions", motions)
    lines = (folder / "test.csv").read_text().splitlines()
    empty = [lines[0], *(line.rpartition(",")[0] + "," for line in lines[1:])]
    (tmp_path / "new.csv").write_text("\n".join(empty) + "\n")
    experiment = read_experiment(folder / "x.yaml")
    source = experiment.data.test.model_copy(update={"recordings": tmp_path / "new.csv"})
    store = open_recordings(source, experiment.inputs, experiment.outputs)
    for name in ("slow", "fast"):
        store.add_class(name)
    proposed = Proposer(proposer.predictor, store, None, WINDOW).propose(["r0"])["r0"]
    written = store.write("r0", store.read("r0").version, proposed.marks)
    assert written.state == "labelled" and written.marks == proposed.marks
    assert [one["class"] for one in written.marks["stretches"]] == ["slow", "fast", "slow"]


@pytest.mark.parametrize("rows", (1, 7, 8, 9, 16, 40, 41))
def test_windows_cover_all_rows(rows):
    found = windows_over(rows, 8)
    covered = np.zeros(rows, dtype=int)
    for start, end in found:
        covered[start:end] += 1
        assert end - start == min(8, rows)
    assert covered.min() >= 1 and found == sorted(set(found))


def test_a_model_that_knows_no_windows_is_refused(proposer):
    with pytest.raises(DataError, match="trained on windows of recordings; train one with window:"):
        Proposer(proposer.predictor, proposer.store)
