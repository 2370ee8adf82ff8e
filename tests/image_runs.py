"""Runs of small models of images, trained once: bricks and drops are found, painted or counted in words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once
from small_experiments import write_table

COLOURS = {"brick": (200, 60, 40), "drop": (40, 80, 220)}
IDS = {"brick": 3, "drop": 18}
OUTPUTS: dict[str, dict[str, Any]] = {
    "boxes": {"kind": "boxes", "head": {"kind": "dense", "layers": 1}},
    "mask": {"kind": "mask", "decoder": {"width": 8}},
    "text": {"kind": "text", "decoder": {"kind": "gru", "layers": 1}},
}
SPARE = {"train": 0, "valid": 100, "test": 200}  # ids of each part begin here


def draw_scene(file: Path, seed: int, width: int = 64, height: int = 48) -> list[tuple[str, list[int]]]:
    """An image with some rectangles; each with its class and left, top, width and height."""
    random = np.random.default_rng(seed)
    pixels = random.integers(90, 130, (height, width, 3)).astype(np.uint8)
    marked = []
    for column in range(int(random.integers(1, 3))):
        name = list(COLOURS)[int(random.integers(2))]
        x, y = 4 + 30 * column, int(random.integers(2, 20))
        w, h = int(random.integers(12, 24)), int(random.integers(12, 24))
        pixels[y : y + h, x : x + w] = COLOURS[name]
        marked.append((name, [x, y, w, h]))
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
    return marked


def write_scenes(folder: Path, numbers: dict[str, int] | None = None) -> None:
    """PART.json in COCO's format with boxes and outlines, PART.tsv with the names in words, and the images."""
    for part, number in (numbers or {"train": 12, "valid": 5, "test": 6}).items():
        images, objects, rows = [], [], []
        for i in range(SPARE[part] + 1, SPARE[part] + number + 1):
            file = f"images/{i:06}.png"
            marked = draw_scene(folder / file, i)
            images.append({"id": i, "file_name": file, "width": 64, "height": 48})
            rows.append((file, " ".join(name for name, _ in marked)))
            for name, (x, y, w, h) in marked:
                outline = [x, y, x + w, y, x + w, y + h, x, y + h]
                record = {"id": len(objects) + 1, "image_id": i, "category_id": IDS[name], "iscrowd": 0}
                objects.append({**record, "bbox": [x, y, w, h], "area": w * h, "segmentation": [outline]})
        categories = [{"id": number, "name": name} for name, number in IDS.items()]
        document = {"images": images, "annotations": objects, "categories": categories}
        (folder / f"{part}.json").write_text(json.dumps(document))
        write_table(folder / f"{part}.tsv", rows, ("photo", "seen"))


def write_image_experiment(folder: Path, kind: str) -> Path:
    """x.yaml for the scenes in a folder."""
    source = {"text": lambda part: {"table": f"{part}.tsv"}}.get(kind, lambda part: {"coco": f"{part}.json"})
    options = {
        "inputs": {"photo": {"kind": "image", "size": 64, "encoder": {"backbone": "convolutional"}}},
        "outputs": {"seen": OUTPUTS[kind]},
        "data": {part: source(part) for part in ("train", "valid", "test")},
        "model": {"width": 16, "heads": 2},
        "training": {
            "steps": 30,
            "learning_rate": 0.003,
            "evaluate_every": 15,
            "ema_decay": 0.5,
            "precision": "fp32",
        },
        "decoding": {"beam": 2},
    }
    if kind == "text":
        options["data"]["tokens"] = {"kind": "words"}
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def trained(kind: str) -> Path:
    """A folder with x.yaml, its data and its run; for reading only."""

    def experiment(folder: Path) -> Experiment:
        write_scenes(folder)
        return read_experiment(write_image_experiment(folder, kind))

    return trained_once(f"scenes-{kind}", experiment)
