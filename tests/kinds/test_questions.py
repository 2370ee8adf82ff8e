"""An image and a question about it to a label: neither alone suffices, and the evaluation shows it."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jumok.experiment import Experiment, read_experiment
from jumok.predictor import load
from made_once import trained_once
from small_images import save

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 60), "blue": (40, 60, 220), "white": (240, 240, 240)}
PLACES = ("left", "middle", "right")
COUNTS = {"train": 400, "valid": 40, "test": 120}
BLOCK, STEPS = 8, 260  # pixels of a block
INPUTS: dict[str, dict[str, Any]] = {
    "scene": {
        "kind": "image",
        "size": BLOCK * len(PLACES),
        "augment": "none",
        "encoder": {"backbone": "convolutional", "channels": [8, 16, 16], "strides": [8]},
    },
    "place": {"kind": "text", "encoder": {"kind": "gru", "layers": 1}},
}


def write_scenes(folder: Path) -> None:
    """Three blocks of different colours side by side; the text says which of them is asked for."""
    random = np.random.default_rng(5)
    for split, count in COUNTS.items():
        lines = ["scene\tplace\tcolour\n"]
        for number in range(count):
            colours = random.permutation(list(COLOURS))[: len(PLACES)]
            pixels = np.repeat(np.array([[COLOURS[colour] for colour in colours]]), BLOCK, axis=1)
            noisy = np.repeat(pixels, BLOCK, axis=0) + random.integers(-15, 16, (BLOCK, 3 * BLOCK, 3))
            save(folder / f"{split}{number}.png", np.clip(noisy, 0, 255).astype(np.uint8))
            asked = int(random.integers(len(PLACES)))
            lines.append(f"{split}{number}.png\t{PLACES[asked]}\t{colours[asked]}\n")
        (folder / f"{split}.tsv").write_text("".join(lines))


def experiment_of(names: tuple[str, ...], folder: Path) -> Experiment:
    """A model of these inputs."""
    write_scenes(folder)
    options = {
        "inputs": {name: INPUTS[name] for name in names},
        "outputs": {"colour": {"kind": "label", "head": {"hops": 2}}},
        "data": {**{split: {"table": f"{split}.tsv"} for split in COUNTS}, "tokens": {"kind": "words"}},
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": STEPS,
            "batch_size": 32,
            "evaluate_every": STEPS,
            "learning_rate": 0.005,
            "precision": "fp32",
            "ema_decay": 0.9,
            "baselines": False,
        },
    }
    (folder / "x.yaml").write_text(json.dumps(options))
    return read_experiment(folder / "x.yaml")


def trained_questions(*names: str) -> Path:
    """A folder with the scenes and the run of a model of these inputs; for reading only."""
    return trained_once(f"questions-{'-'.join(names)}", partial(experiment_of, names))


def test_a_model_of_both_inputs_answers_and_hiding_either_leaves_chance():
    run = trained_questions("scene", "place") / "run"
    found = json.loads((run / "evaluation.json").read_text())
    assert found["metrics"]["accuracy"]["value"] > 0.95
    for name, chance in {"scene": 1 / len(COLOURS), "place": 1 / len(PLACES)}.items():
        hidden = found["inputs"][name]["hidden"]["accuracy"]
        assert hidden["without"] < chance + 0.15 and hidden["verdict"] == "worse"
        assert hidden["high"] < -0.4
    shares = [found["inputs"][name]["attention"]["colour"] for name in INPUTS]
    assert sum(shares) == pytest.approx(1) and min(shares) > 0.05


@pytest.mark.parametrize(("name", "chance"), [("scene", 1 / len(PLACES)), ("place", 1 / len(COLOURS))])
def test_a_model_of_one_input_stays_near_chance(name, chance):
    folder = trained_questions(name)
    rows = [line.split("\t") for line in (folder / "test.tsv").read_text().splitlines()[1:]]
    asked = {"scene": [folder / scene for scene, _, _ in rows], "place": [place for _, place, _ in rows]}
    answers = load(folder / "run").predict(asked[name])
    right = [answer.text == colour for answer, (_, _, colour) in zip(answers, rows, strict=True)]
    assert np.mean(right) < chance + 0.15
