"""What a step of training costs: processor seconds by width, length, pixels and examples, and the powers they grow by.

Each row changes one number of a small experiment on made-up data, takes steps as a training does, and counts the
processor seconds of one thread, so that the rows can be compared on a machine that is shared. The power of a row is
the slope from the row before: twice the number costs 2 ** power times as much.

    OMP_NUM_THREADS=1 python benchmarks/cost.py
"""

import argparse
import json
import math
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from PIL import Image

from jumok.dataset import prepare
from jumok.experiment import read_experiment
from jumok.runs.folder import RunFolder
from jumok.training import NullReporter, init_distributed
from jumok.training.loop import Trainer

ROWS, VALID = 64, 8
SKIPPED, TIMED = 2, 6  # steps
TRAINING = {"steps": 100, "precision": "fp32", "evaluate_every": 100, "average": "none", "warmup": 10}


def texts(folder: Path, length: int) -> dict[str, Any]:
    """Rows of so many letters, to be copied."""
    draw = random.Random(1)
    for part, count in (("train", ROWS), ("valid", VALID)):
        rows = [" ".join(draw.choices("abcdefgh", k=length)) for _ in range(count)]
        (folder / f"{part}.tsv").write_text("source\ttarget\n" + "".join(f"{row}\t{row}\n" for row in rows))
    return {part: {"table": f"{part}.tsv"} for part in ("train", "valid")}


def translator(
    folder: Path, width: int = 128, length: int = 32, layers: int = 2, batch: int = 32
) -> dict[str, Any]:
    """A Transformer from text to text."""
    return {
        "inputs": {"source": {"encoder": {"kind": "transformer", "layers": layers}}},
        "outputs": {"target": {"decoder": {"kind": "transformer", "layers": layers}}},
        "data": {**texts(folder, length), "tokens": {"kind": "words"}, "max_tokens": 4096},
        "model": {"width": width, "heads": 4},
        "training": {**TRAINING, "batch_size": batch, "batch_tokens": 10_000_000},
    }


def detector(folder: Path, pixels: int = 128, backbone: str = "resnet18", batch: int = 8) -> dict[str, Any]:
    """Boxes in square images."""
    random_numbers = np.random.default_rng(1)
    data = {}
    for part, count in (("train", ROWS // 2), ("valid", VALID)):
        images, marks = [], []
        for number in range(count):
            name = f"{part}{number:02}.png"
            Image.fromarray(random_numbers.integers(0, 256, (pixels, pixels, 3), dtype=np.uint8)).save(
                folder / name
            )
            images.append({"id": number, "file_name": name, "width": pixels, "height": pixels})
            side = pixels // 4
            marks.append(
                {"id": number, "image_id": number, "category_id": 1, "bbox": [side, side, side, side]}
            )
        found = {"images": images, "annotations": marks, "categories": [{"id": 1, "name": "block"}]}
        (folder / f"{part}.json").write_text(json.dumps(found))
        data[part] = {"coco": f"{part}.json", "images": "."}
    return {
        "inputs": {
            "photo": {
                "kind": "image",
                "size": pixels,
                "augment": "none",
                "encoder": {"backbone": backbone, "weights": "none", "neck": "fpn", "strides": [8, 16, 32]},
            }
        },
        "outputs": {"blocks": {"kind": "boxes", "head": {"kind": "dense"}}},
        "data": data,
        "model": {"width": 64},
        "training": {**TRAINING, "batch_size": batch},
    }


ROWS_OF = {
    "width of a translator": (translator, "width", (64, 128, 256, 512)),
    "tokens of its texts": (translator, "length", (16, 64, 256, 512)),
    "layers on each side": (translator, "layers", (1, 2, 4)),
    "examples of a batch": (translator, "batch", (8, 16, 32)),
    "side of an image, detector": (detector, "pixels", (64, 128, 256)),
    "backbone of the detector": (detector, "backbone", ("mobilenetv3_small_050", "resnet18", "resnet50")),
}


def seconds_of_a_step(make: Callable[..., dict[str, Any]], **changes: Any) -> tuple[float, int]:
    """The median of the processor seconds of a step, and the parameters of the model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x.yaml").write_text(yaml.safe_dump(make(folder, **changes)))
        experiment = read_experiment(folder / "x.yaml")
        reporter = NullReporter()
        run = RunFolder(folder / "run")
        trainer = Trainer(
            experiment, run, prepare(experiment, reporter.message), reporter, init_distributed()
        )
        trainer.model.train()
        found = []
        for _ in range(SKIPPED + TIMED):
            before = time.process_time()
            trainer.train_step()
            found.append(time.process_time() - before)
        return statistics.median(found[SKIPPED:]), trainer.model.size()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="Write the figures there, too.")
    given = parser.parse_args()
    torch.set_num_threads(1)
    figures = []
    print("| what grows | value | parameters | seconds a step | power |\n|---|---:|---:|---:|---:|")
    for what, (make, key, values) in ROWS_OF.items():
        last: tuple[float, float] | None = None
        for value in values:
            seconds, size = seconds_of_a_step(make, **{key: value})
            power = ""
            if last is not None and not isinstance(value, str):
                power = f"{math.log(seconds / last[1]) / math.log(value / last[0]):.2f}"
            print(f"| {what} | {value} | {size / 1e6:.2f} M | {seconds:.3f} | {power} |", flush=True)
            figures.append({"what": what, "value": value, "parameters": size, "seconds": seconds})
            last = (value, seconds) if not isinstance(value, str) else None
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
