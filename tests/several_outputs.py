"""Experiments with several outputs that a test trains in seconds: two texts, and boxes and a mask of one image."""

import json
from pathlib import Path
from typing import Any

import yaml

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once
from small_experiments import words, write_experiment, write_table
from small_images import COUNTS, OUTPUTS, source_of, write_image_experiment, write_images

STEPS = 40


def two_texts(folder: Path, *overrides: str) -> Experiment:
    """Words, their reversals, and how often each is said."""
    for seed, part in enumerate(("train", "valid", "test")):
        drawn = words(80 if part == "train" else 20, seed)
        rows = [(word, word[::-1], word + word) for word in drawn]
        write_table(folder / f"{part}.tsv", rows, ("source", "target", "twice"))
    file = write_experiment(folder)
    options: dict[str, Any] = yaml.safe_load(file.read_text())
    options["outputs"]["twice"] = {"decoder": {"kind": "gru", "layers": 1}, "weight": 0.5}
    options["training"] |= {"select": "twice.token_accuracy"}
    options["model"]["dropout"] = 0.0
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return read_experiment(file, overrides)


def boxes_mask_and_text(folder: Path, *overrides: str) -> Experiment:
    """Blocks in images, as two outputs of boxes, a mask and the text of their colours, from COCO files and tables."""
    write_images(folder)
    for part in COUNTS:
        file = folder / f"{part}.json"
        coco = json.loads(file.read_text())
        for one in coco["annotations"]:
            x, y, wide, high = one["bbox"]
            one["segmentation"] = [[x, y, x + wide, y, x + wide, y + high, x, y + high]]
        file.write_text(json.dumps(coco))
        texts = (folder / f"{part}.tsv").read_text().replace("images/", "")
        (folder / f"{part}.texts.tsv").write_text(texts)
    file = write_image_experiment(folder, "boxes")
    options: dict[str, Any] = yaml.safe_load(file.read_text())
    options["outputs"] |= {"paint": OUTPUTS["mask"]["blocks"], "queries": OUTPUTS["query"]["blocks"]}
    options["outputs"] |= OUTPUTS["text"]
    options["data"] |= {part: source_of("boxes", part) | {"texts": f"{part}.texts.tsv"} for part in COUNTS}
    options["training"] |= {"select": "paint.mean_iou", "steps": STEPS, "evaluate_every": STEPS}
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return read_experiment(file, overrides)


def trained(task: str) -> Path:
    """A folder with an experiment of several outputs and its run; for reading only."""
    made = {"texts": two_texts, "images": boxes_mask_and_text}[task]
    return trained_once(f"several-{task}", made)
