"""Images that a test can write and learn from in seconds: red and blue blocks on noise, of several sizes."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once

NAMES = ("red", "blue")
COLOURS = np.array([(220, 40, 40), (40, 60, 220)])
SIZES = ((48, 48), (40, 48), (48, 32))  # height and width
COUNTS = {"train": 60, "valid": 12, "test": 12}
OUTPUTS = {
    "boxes": {"blocks": {"kind": "boxes", "head": {"kind": "dense", "layers": 1}}},
    "query": {"blocks": {"kind": "boxes", "head": {"kind": "query", "queries": 12, "layers": 1}}},
    "mask": {"blocks": {"kind": "mask", "decoder": {"width": 8}}},
    "text": {
        "colours": {"kind": "text", "decoder": {"kind": "transformer", "layers": 1}, "metric": "exact_match"}
    },
}


STEPS = {"boxes": 60, "query": 120, "mask": 40, "text": 160}  # enough to learn something


class Drawn(NamedTuple):
    """An image with what is in it, from left to right."""

    pixels: np.ndarray  # (Y, X, 3) uint8
    boxes: list[tuple[int, int, int, int]]
    labels: list[int]


def draw(seed: int) -> Drawn:
    """One to three blocks that do not touch."""
    random = np.random.default_rng(seed)
    height, width = SIZES[int(random.integers(len(SIZES)))]
    pixels = random.integers(90, 150, (height, width, 3), dtype=np.uint8)
    boxes, labels = [], []
    for column in range(int(random.integers(1, width // 16 + 1))):
        wide, high = (int(side) for side in random.integers(8, 15, 2))
        x, y = 16 * column + 1, int(random.integers(0, height - high))
        label = int(random.integers(2))
        pixels[y : y + high, x : x + wide] = COLOURS[label]
        boxes.append((x, y, x + wide, y + high))
        labels.append(label)
    return Drawn(pixels, boxes, labels)


def write_images(folder: Path) -> None:
    """The same images as COCO files, as masks with their lists, and as tables of the colours that are read."""
    for number, (part, count) in enumerate(COUNTS.items()):
        drawn = [draw(1000 * number + i) for i in range(count)]
        names = [f"{part}{i:02}.png" for i in range(count)]
        for name, image in zip(names, drawn, strict=True):
            save(folder / "images" / name, image.pixels)
            save(folder / "masks" / name, mask_of(image))
        (folder / f"{part}.json").write_text(json.dumps(coco_of(names, drawn)))
        pairs = "".join(f"images/{name}\tmasks/{name}\n" for name in names)
        (folder / f"{part}.txt").write_text(pairs)
        rows = zip(names, drawn, strict=True)
        read = "".join(f"images/{name}\t{' '.join(NAMES[n] for n in one.labels)}\n" for name, one in rows)
        (folder / f"{part}.tsv").write_text("photo\tcolours\n" + read)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def mask_of(image: Drawn) -> np.ndarray:
    """0 outside, 1 red, 2 blue."""
    mask = np.zeros(image.pixels.shape[:2], np.uint8)
    for (x1, y1, x2, y2), label in zip(image.boxes, image.labels, strict=True):
        mask[y1:y2, x1:x2] = label + 1
    return mask


def coco_of(names: list[str], drawn: list[Drawn]) -> dict[str, Any]:
    images, annotations = [], []
    for number, (name, image) in enumerate(zip(names, drawn, strict=True), start=1):
        height, width = image.pixels.shape[:2]
        images.append({"id": 10 * number, "file_name": name, "width": width, "height": height})
        for (x1, y1, x2, y2), label in zip(image.boxes, image.labels, strict=True):
            box = [x1, y1, x2 - x1, y2 - y1]
            about = {"id": len(annotations) + 1, "image_id": 10 * number, "category_id": 7 + label}
            annotations.append({**about, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": 7 + label, "name": name} for label, name in enumerate(NAMES)]
    return {"images": images, "annotations": annotations, "categories": categories}


def source_of(output: str, part: str) -> dict[str, Any]:
    if output == "text":
        return {"table": f"{part}.tsv"}
    if output == "mask":
        return {"masks": f"{part}.txt", "classes": ["nothing", *NAMES]}
    return {"coco": f"{part}.json", "images": "images"}


def write_image_experiment(folder: Path, output: str) -> Path:
    """x.yaml: a tiny model for the images that `write_images` writes."""
    photo = {"kind": "image", "size": 48, "encoder": {"backbone": "convolutional", "strides": [4, 8]}}
    options = {
        "inputs": {"photo": {**photo, "augment": {"flip": "none", "scale": [0.8, 1.2]}}},
        "outputs": OUTPUTS[output],
        "data": {
            **{part: source_of(output, part) for part in COUNTS},
            "tokens": {"kind": "words"},
        },
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 60,
            "batch_size": 8,
            "learning_rate": 0.005,
            "precision": "fp32",
            "evaluate_every": 30,
            "label_smoothing": 0.0,
            "ema_decay": 0.9,
        },
        "decoding": {"method": "greedy", "max_tokens": 6},
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def image_experiment(folder: Path, output: str, *overrides: str) -> Experiment:
    """The images and their experiment in a folder."""
    if not (folder / "x.yaml").exists():
        write_images(folder)
    return read_experiment(write_image_experiment(folder, output), overrides)


def trained(output: str) -> Path:
    """A folder with the images, x.yaml and the run of a model that has learned something; for reading only."""
    changes = (f"training.steps={STEPS[output]}", f"training.evaluate_every={STEPS[output]}")
    return trained_once(f"images-{output}", lambda folder: image_experiment(folder, output, *changes))
