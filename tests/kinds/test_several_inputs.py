"""Image and text together: which block is meant is said in the text, so that one input alone tells half of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from jumok.classes import Class
from jumok.data.cache.store import TextStore
from jumok.data.row import Row
from jumok.dataset.split import Split
from jumok.experiment import read_experiment
from jumok.experiment.options import Experiment
from jumok.kinds import catalogue
from jumok.kinds.catalogue import build_model
from jumok.kinds.fitting import TrainingData
from jumok.kinds.options import DecodingOptions
from jumok.predictor import Predictor
from jumok.training import NullReporter, train
from jumok.training.loss import batch_losses
from small_pictures import COLOURS, NAMES, save

SIZE, TRAIN, TEST = 32, 96, 16
ENCODER = {"backbone": "convolutional", "channels": [16, 32, 32], "strides": [4, 8]}
CLASSES = (Class("nothing"), Class("block"))
OUTPUTS: dict[str, dict[str, Any]] = {
    "boxes": {"kind": "boxes", "head": {"kind": "dense", "layers": 1}},
    "mask": {"kind": "mask", "decoder": {"width": 8}},
}


class Pair(NamedTuple):
    """A picture of a red and a blue block side by side, or of one of them."""

    file: str
    boxes: list[tuple[int, int, int, int] | None]  # of the red and of the blue one


def write_pairs(folder: Path, count: int, blocks: int = 2) -> Iterator[Pair]:
    random = np.random.default_rng(7)
    for number in range(count):
        pixels = random.integers(90, 150, (SIZE, SIZE, 3), dtype=np.uint8)
        boxes: list[Any] = [None, None]
        for column, colour in zip(random.permutation(2), random.permutation(2)[:blocks], strict=False):
            x, y = 16 * int(column) + int(random.integers(1, 5)), int(random.integers(0, 20))
            boxes[colour] = (x, y, x + 10, y + 10)
            pixels[y : y + 10, x : x + 10] = COLOURS[colour]
        save(folder / f"{number:03}.png", pixels)
        yield Pair(f"{number:03}.png", boxes)


def rows_of(pairs: list[Pair]) -> Iterator[tuple[Pair, int]]:
    """Each picture twice, once for each colour: nobody who reads one input alone answers both."""
    return ((pair, colour) for pair in pairs for colour in range(2))


def cell_of(output: str, box: tuple[int, int, int, int]) -> str:
    if output == "mask":
        x1, y1, x2, y2 = box
        outline = [x1, y1, x2, y1, x2, y2, x1, y2]
        return json.dumps({"size": [SIZE, SIZE], "outlines": [["block", [outline]]]})
    return json.dumps({"id": None, "objects": [{"box": box, "name": "block"}]})


def experiment_of(folder: Path, output: dict[str, Any], **changes: Any) -> Experiment:
    photo = {"kind": "image", "size": SIZE, "augment": "none"}
    options = {
        "inputs": {
            "photo": photo | {"encoder": ENCODER},
            "asked": {"kind": "text", "encoder": {"kind": "gru", "layers": 1}},
        },
        "outputs": {"answer": output},
        "data": {
            **{part: {"table": f"{part}.jsonl"} for part in ("train", "valid", "test")},
            "tokens": {"kind": "words"},
        },
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "decoding": {"method": "greedy"},
        **changes,
    }
    file = folder / "x.yaml"
    file.write_text(json.dumps(options))
    return read_experiment(file)


def learned(folder: Path, output: str) -> tuple[Predictor, list[Pair]]:
    """A model of rows that are made here: annotations have no column for a text yet."""
    pairs = list(write_pairs(folder, TRAIN + TEST))
    rows = [
        Row(number, (pair.file, NAMES[colour], cell_of(output, pair.boxes[colour])))
        for number, (pair, colour) in enumerate(rows_of(pairs[:TRAIN]), start=1)
    ]
    store = TextStore.write(folder / "store", ("photo", "asked", "answer"), rows)
    classes = CLASSES if output == "mask" else CLASSES[1:]
    said = experiment_of(folder, {"kind": "text"})
    outputs = {"answer": output_options(OUTPUTS[output])}
    data = TrainingData(store, np.arange(len(store)), folder, classes)
    fields = catalogue.fit(said.inputs, outputs, said.data.tokens, 64, data)
    columns = {name: field.codec.column(store, folder) for name, field in fields.all.items()}
    split = Split("train", (folder,), folder, store, columns, data.rows, fields)
    torch.manual_seed(1)
    model = build_model(fields, said.model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    random = np.random.default_rng(1)
    for step in range(STEPS[output]):
        batch = split.batch(random.choice(len(split), 16, replace=False))
        (loss,) = batch_losses(model, split, batch, 0.0).values()
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - step / STEPS[output])
        optimizer.zero_grad()
        (loss.total / 16).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    return Predictor(model, fields, DecodingOptions(method="greedy")), pairs[TRAIN:]


STEPS = {"boxes": 120, "mask": 120}


def output_options(given: dict[str, Any]) -> Any:
    from jumok.kinds.boxes.options import BoxesOutput
    from jumok.kinds.mask.options import MaskOutput

    return (MaskOutput if given["kind"] == "mask" else BoxesOutput)(**given)


def hits(output: str, value: Any, pair: Pair, colour: int) -> bool:
    """Whether the block of a colour was found, and not the other one."""
    x1, y1, x2, y2 = pair.boxes[colour]
    if output == "mask":
        painted = value.classes == 1
        wanted = np.zeros_like(painted)
        wanted[y1:y2, x1:x2] = True
        return bool((painted & wanted).sum() > 0.5 * (painted | wanted).sum())
    best = max(value.objects, key=lambda one: one.score)
    x, y = (best.box[0] + best.box[2]) / 2, (best.box[1] + best.box[3]) / 2
    return bool(x1 < x < x2 and y1 < y < y2)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_text_says_what_is_found_in_an_image(tmp_path, output):
    predictor, pairs = learned(tmp_path, output)
    predictor = predictor.with_least_score(0.02)
    asked = list(rows_of(pairs))
    answers = predictor.predict(
        [{"photo": tmp_path / pair.file, "asked": NAMES[colour]} for pair, colour in asked]
    )
    found = [hits(output, one["answer"], *row) for one, row in zip(answers, asked, strict=True)]
    assert np.mean(found) > 0.85  # 0.5 for one input alone


def test_a_text_asks_about_an_image_in_a_whole_training(tmp_path):
    pairs = list(write_pairs(tmp_path, TRAIN + 2 * TEST, blocks=1))
    parts = {"train": pairs[:TRAIN], "valid": pairs[TRAIN:-TEST], "test": pairs[-TEST:]}
    for name, some in parts.items():
        rows = [
            {"photo": pair.file, "asked": asked, "answer": answer}
            for pair in some
            for asked, answer in questions(pair).items()
        ]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    output = {"kind": "text", "decoder": {"kind": "transformer", "layers": 1}, "metric": "exact_match"}
    training = {
        "steps": 100,
        "batch_size": 16,
        "learning_rate": 0.003,
        "precision": "fp32",
        "evaluate_every": 50,
        "label_smoothing": 0.0,
        "ema_decay": 0.9,
    }
    experiment = experiment_of(tmp_path, output, training=training)
    result = train(experiment, tmp_path / "run", NullReporter())
    assert result.evaluation["metrics"]["exact_match"]["value"] > 0.85  # 0.5 for one input alone


def questions(pair: Pair) -> dict[str, str]:
    """What is asked of a picture with one block, and the answers: nobody who reads one input alone gives both."""
    (colour,) = (number for number, box in enumerate(pair.boxes) if box is not None)
    box = pair.boxes[colour]
    return {"colour": NAMES[colour], "side": "left" if box is not None and box[0] < SIZE // 2 else "right"}
