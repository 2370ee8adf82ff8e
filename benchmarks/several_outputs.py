"""Boxes and a mask of drawn shapes by one model, beside a model of each alone: python benchmarks/several_outputs.py

Scenes of `jumok demo questions`, each shape with its box and its outline; all models have the same encoder, data and
number of steps. Prints a table of the scores on test and of the seconds of each training.
"""

import argparse
import json
import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from jumok.demos.questions import SCENE_SIDE, SHAPE_KINDS, SceneShape, paint_scene, place_shapes
from jumok.experiment import read_experiment
from jumok.training import NullReporter, train

COUNTS = {"train": 800, "valid": 100, "test": 300}
OUTPUTS: dict[str, dict[str, Any]] = {
    "found": {"kind": "boxes", "head": {"kind": "dense"}},
    "painted": {"kind": "mask", "decoder": {"width": 16}},
}
MODELS = {"both": ("found", "painted"), "boxes alone": ("found",), "mask alone": ("painted",)}


def outline(one: SceneShape) -> list[float]:
    """The corners of a shape, x and y in turn; of a disc 24 points."""
    (x, y), reach = one.place, one.size / 2
    if one.shape == "square":
        corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    elif one.shape == "triangle":
        corners = [(-1, 1), (1, 1), (0, -1)]
    else:
        corners = [(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 24, endpoint=False)]
    return [round(part, 2) for right, down in corners for part in (x + reach * right, y + reach * down)]


def write_scenes(folder: Path) -> None:
    """Images and a COCO file for each split."""
    categories = [{"id": number, "name": name} for number, name in enumerate(SHAPE_KINDS, start=1)]
    for number, (split, count) in enumerate(COUNTS.items()):
        random = np.random.default_rng([7, number])
        images, annotations = [], []
        for image in range(1, count + 1):
            shapes, name = place_shapes(random), f"{split}{image:04}.png"
            Image.fromarray(paint_scene(shapes, random)).save(folder / name)
            images.append({"id": image, "file_name": name, "width": SCENE_SIDE, "height": SCENE_SIDE})
            for one in shapes:
                (x, y), reach = one.place, one.size / 2
                about = {"id": len(annotations) + 1, "image_id": image, "iscrowd": 0}
                about |= {"category_id": SHAPE_KINDS.index(one.shape) + 1, "segmentation": [outline(one)]}
                annotations.append(
                    {**about, "bbox": [x - reach, y - reach, one.size, one.size], "area": one.size**2}
                )
        told = {"images": images, "annotations": annotations, "categories": categories}
        (folder / f"{split}.json").write_text(json.dumps(told))


def write_experiment(folder: Path, names: tuple[str, ...], steps: int) -> Path:
    """The experiment of a model of these outputs."""
    encoder = {
        "backbone": "convolutional",
        "neck": "fpn",
        "strides": [4, 8, 16],
        "channels": [16, 32, 48, 64],
    }
    scene = {
        "kind": "image",
        "size": SCENE_SIDE,
        "encoder": encoder,
        "augment": {"flip": "horizontal", "scale": [0.9, 1.1]},
    }
    options = {
        "inputs": {"scene": scene},
        "outputs": {name: OUTPUTS[name] for name in names},
        "data": {split: {"coco": f"{split}.json", "images": "."} for split in COUNTS},
        "model": {"width": 48, "dropout": 0.0},
        "training": {
            "steps": steps,
            "batch_size": 16,
            "evaluate_every": steps,
            "learning_rate": 3e-3,
            "optimizer": "muon",
            "ema_decay": 0.98,
            "precision": "fp32",
            "baselines": False,
        },
    }
    if len(names) > 1:
        options["training"]["select"] = "found.AP"
    file = folder / f"{'-'.join(names)}.yaml"
    file.write_text(json.dumps(options))
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description="One model of boxes and a mask beside one of each.")
    parser.add_argument("--steps", type=int, default=200)
    steps = parser.parse_args().steps
    with TemporaryDirectory() as made:
        folder = Path(made)
        write_scenes(folder)
        print(f"{'model':<12} {'scores on test':<60} {'processor seconds':>18}")
        for title, names in MODELS.items():
            started = time.process_time()
            experiment = read_experiment(write_experiment(folder, names, steps))
            found = train(experiment, folder / title, NullReporter()).evaluation["metrics"]
            kept = {n: one for n, one in found.items() if n.split(".")[-1] in ("AP", "AP50", "mean_iou")}
            told = ", ".join(
                f"{n} {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]" for n, one in kept.items()
            )
            print(f"{title:<12} {told:<60} {time.process_time() - started:18.0f}", flush=True)


if __name__ == "__main__":
    main()
