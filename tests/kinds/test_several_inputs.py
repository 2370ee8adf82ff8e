"""Image and text together: which block is meant is said in the text, so that one input alone tells half of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from jumok.experiment import read_experiment
from jumok.experiment.options import Experiment
from jumok.predictor import Predictor, load
from jumok.training import NullReporter, train
from small_images import COLOURS, NAMES, save

SIZE, TRAIN, TEST = 32, 96, 16
ENCODER = {"backbone": "convolutional", "channels": [16, 32, 32], "strides": [4, 8]}
OUTPUTS: dict[str, dict[str, Any]] = {
    "boxes": {"kind": "boxes", "head": {"kind": "dense", "layers": 1}},
    "mask": {"kind": "mask", "decoder": {"width": 8}},
}


class Pair(NamedTuple):
    """An image of a red and a blue block side by side, or of one of them."""

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
    """Each image twice, once for each colour: nobody who reads one input alone answers both."""
    return ((pair, colour) for pair in pairs for colour in range(2))


def coco_of(pairs: list[Pair]) -> str:
    """A record for each image and colour: what is asked is a field of it, and one block is marked."""
    images, annotations = [], []
    for number, (pair, colour) in enumerate(rows_of(pairs), start=1):
        x1, y1, x2, y2 = pair.boxes[colour] or (0, 0, 0, 0)
        record = {"id": number, "file_name": pair.file, "width": SIZE, "height": SIZE}
        images.append({**record, "caption": NAMES[colour]})
        marked = {"bbox": [x1, y1, x2 - x1, y2 - y1], "segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]]}
        annotations.append({"id": number, "image_id": number, "category_id": 1, **marked})
    categories = [{"id": 1, "name": "block"}]
    return json.dumps({"images": images, "annotations": annotations, "categories": categories})


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
    """A model of boxes or masks that texts ask for, trained on COCO files whose images have captions."""
    pairs = list(write_pairs(folder, TRAIN + 2 * TEST))
    parts = {"train": pairs[:TRAIN], "valid": pairs[TRAIN:-TEST]}
    for part, some in parts.items():
        (folder / f"{part}.json").write_text(coco_of(some))
    data = {part: {"coco": f"{part}.json", "columns": {"asked": "caption"}} for part in parts}
    training = {
        "steps": 120,
        "evaluate_every": 120,
        "batch_size": 16,
        "learning_rate": 0.005,
        "precision": "fp32",
        "ema_decay": 0.9,
    }
    words = {"tokens": {"kind": "words"}}
    experiment = experiment_of(folder, OUTPUTS[output], data=data | words, training=training)
    train(experiment, folder / "run", NullReporter())
    return load(folder / "run"), pairs[-TEST:]


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
    """What is asked of an image with one block, and the answers: nobody who reads one input alone gives both."""
    (colour,) = (number for number, box in enumerate(pair.boxes) if box is not None)
    box = pair.boxes[colour]
    return {"colour": NAMES[colour], "side": "left" if box is not None and box[0] < SIZE // 2 else "right"}
