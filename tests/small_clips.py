"""Clips that a test can write and learn from in seconds: a square that moves up, down, left or right."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml
from PIL import Image

from jumok.experiment import Experiment, read_experiment
from made_once import trained_once

STEPS = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}  # rows and columns
SIDE, SQUARE, FRAMES, SPEED = 32, 8, 5, 3  # pixels, but FRAMES
COUNTS = {"train": 160, "valid": 16, "test": 16}
TIME: dict[str, dict[str, Any]] = {
    "recurrent": {"kind": "recurrent", "layers": 1},
    "transformer": {"kind": "transformer", "layers": 1},
}


class Moved(NamedTuple):
    """The frames of a clip, and where the square goes."""

    frames: list[Image.Image]
    direction: str


def draw_clip(seed: int, frames: int = FRAMES, height: int = SIDE) -> Moved:
    random = np.random.default_rng(seed)
    direction = list(STEPS)[int(random.integers(4))]
    way, room = np.array(STEPS[direction]) * SPEED, SPEED * (frames - 1)
    free = np.array((height, SIDE)) - SQUARE - np.abs(way) * (frames - 1)
    start = random.integers(0, free + 1) + np.where(way < 0, room, 0)
    drawn = []
    for number in range(frames):
        pixels = random.integers(0, 60, (height, SIDE, 3), dtype=np.uint8)
        row, column = start + number * way
        pixels[row : row + SQUARE, column : column + SQUARE] = 230
        drawn.append(Image.fromarray(pixels))
    return Moved(drawn, direction)


def save_gif(file: Path, frames: list[Image.Image], milliseconds: int = 100) -> Path:
    first, *others = (frame.quantize(64) for frame in frames)
    first.save(file, save_all=True, append_images=others, duration=milliseconds, optimize=False)
    return file


def save_folder(folder: Path, frames: list[Image.Image]) -> Path:
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames, start=8):  # past 9: the order is natural
        frame.save(folder / f"{number}.png")
    return folder


def write_clips(folder: Path) -> None:
    """A table for each split: GIFs, folders of images, and lists of them."""
    for part, (split, count) in enumerate(COUNTS.items()):
        rows = []
        for number in range(count):
            moved = draw_clip(1000 * part + number, height=(SIDE, SIDE - 8)[number % 8 == 7])
            name = f"{split}{number:02}"
            if number % 2:
                save_gif(folder / f"{name}.gif", moved.frames)
                cell = f"{name}.gif"
            else:
                images = save_folder(folder / name, moved.frames)
                listed = ", ".join(f'"{name}/{n}.png"' for n in range(8, 8 + FRAMES))
                cell = images.name if number % 4 else f"[{listed}]"
            rows.append(f"{cell}\t{moved.direction}\n")
        (folder / f"{split}.tsv").write_text("clip\tdirection\n" + "".join(rows))


def write_clip_experiment(folder: Path, time: str) -> Path:
    """x.yaml: a tiny model for the clips that `write_clips` writes."""
    frame = {"backbone": "convolutional", "channels": [8, 16], "strides": [4], "states": 4}
    options = {
        "inputs": {
            "clip": {
                "kind": "frames",
                "size": SIDE,
                "frames": 4,
                "encoder": {"frame": frame, "time": TIME[time]},
            }
        },
        "outputs": {
            "direction": {"decoder": {"kind": "transformer", "layers": 1}, "metric": "exact_match"},
        },
        "data": {**{part: {"table": f"{part}.tsv"} for part in COUNTS}, "tokens": {"kind": "words"}},
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 200,
            "batch_size": 16,
            "learning_rate": 0.005,
            "precision": "fp32",
            "evaluate_every": 200,
            "label_smoothing": 0.0,
            "ema_decay": 0.9,
        },
        "decoding": {"method": "greedy", "max_tokens": 4},
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return file


def clip_experiment(folder: Path, time: str, *overrides: str) -> Experiment:
    """The clips and their experiment in a folder."""
    if not (folder / "x.yaml").exists():
        write_clips(folder)
    return read_experiment(write_clip_experiment(folder, time), overrides)


def trained_clips(time: str = "transformer") -> Path:
    """A folder with the clips, x.yaml and the run of a model that has learned them; for reading only."""
    return trained_once(f"clips-{time}", lambda folder: clip_experiment(folder, time))
