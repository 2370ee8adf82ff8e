"""What a setting is worth: small trainings of every kind on three sets of data each, one setting changed at a time.

An experiment names inputs, outputs and data, and what keeps a row cheap (width, size, steps); all else is the default.
Each training is one process of one thread. Its score on the test part, its lowest valid loss and its processor seconds
are added as one line to `results.jsonl` in FOLDER; a row that stands there is not run again.

    python benchmarks/defaults.py FOLDER --data data
    python benchmarks/defaults.py FOLDER --data data --sets words --set training.weight_decay=0.1 --set training.seed=2
    python benchmarks/defaults.py FOLDER --print
"""

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Literal
from xml.etree import ElementTree

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from jumok.demos import digits, numbers

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = ("train", "valid", "test")
COUNTS: dict[str, dict[Part, int]] = {
    "captchas": {"train": 6800, "valid": 200, "test": 400},
    "words": {"train": 6000, "valid": 200, "test": 400},
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
OWN_NAMES = {"train": "train", "valid": "val", "test": "test"}  # that BCCD and CamVid give to the parts
THINGS = {6: "sign", 8: "car", 9: "pedestrian", 10: "bicyclist"}  # classes of CamVid that are objects
LEAST_PIXELS = 60  # of an object
ROAD = "[Sky, Building, Pole, Road, Pavement, Tree, SignSymbol, Fence, Car, Pedestrian, Bicyclist]"
CELLS = ("background", "RBC", "WBC", "Platelets")


@dataclass(frozen=True)
class Set:
    """A set of data: how it is written into a folder (from the folder of shared data), and what reads it."""

    metric: str
    write: Callable[[Path, Path], object]
    experiment: str


def of_parts(form: str) -> str:
    return "data:\n" + "".join(f"  {part}: {form.format(part=part)}\n" for part in PARTS)


def image_to(output: str, size: int, channels: str = "", more: str = "") -> str:
    return f"""\
inputs: {{photo: {{kind: image, size: {size}, encoder: {{backbone: convolutional{channels}}}{more}}}}}
outputs: {{answer: {{{output}}}}}
"""


# ---- texts -----------------------------------------------------------------------------------------------------


def numbers_data(folder: Path, _: Path) -> None:
    numbers.write(folder)


def linked(folder: Path, data: Path) -> None:
    (folder / "shared").symlink_to(data.resolve())


def paragraphs(folder: Path, data: Path) -> None:
    """English to Korean, short lines only, so that a few minutes teach something."""
    for part in PARTS:
        with gzip.open(data / "libreoffice-ko-en" / f"{part}.tsv.gz", "rt", encoding="utf-8") as file:
            head, *rows = file.read().splitlines()
        kept = [row for row in rows if len(row.split("\t")[0]) <= 40]
        (folder / f"{part}.tsv").write_text("\n".join((head, *kept)) + "\n", encoding="utf-8")


# ---- images that are read --------------------------------------------------------------------------------------


def captcha(text: str, random: np.random.Generator) -> Image.Image:
    """Letters of different sizes, each turned a little, under crossing lines."""
    picture = Image.new("RGB", (144, 48), tuple(random.integers(200, 256, 3).tolist()))
    draw = ImageDraw.Draw(picture)
    for number, letter in enumerate(text):
        font = ImageFont.load_default(float(random.uniform(24, 32)))
        layer = Image.new("L", (40, 40), 0)
        ImageDraw.Draw(layer).text((20, 20), letter, fill=255, font=font, anchor="mm")
        layer = layer.rotate(float(random.uniform(-20, 20)), Image.Resampling.BILINEAR)
        corner = (int(number * 22 + random.integers(-2, 5)), int(random.integers(0, 9)))
        picture.paste(tuple(random.integers(0, 130, 3).tolist()), corner, layer)
    for _ in range(3):
        ends = [(int(random.integers(144)), int(random.integers(48))) for _ in range(2)]
        draw.line(ends, fill=tuple(random.integers(0, 180, 3).tolist()), width=1)
    return picture


def captchas(folder: Path, _: Path) -> None:
    def made(part: Part, random: np.random.Generator) -> Iterator[tuple[str, Image.Image]]:
        for _ in range(COUNTS["captchas"][part]):
            text = "".join(random.choice(list(LETTERS), 6))
            yield text, captcha(text, random)

    write_readable(folder, made)


def printed_words(folder: Path, data: Path) -> None:
    """Words of the pronouncing dictionary, printed once each; a word stands in one part only."""
    with gzip.open(data / "cmudict" / "cmudict.dict.gz", "rt", encoding="utf-8") as file:
        found = sorted({line.split()[0] for line in file if line.split()[0].isalpha()})
    words = iter(
        np.random.default_rng(1).permutation([word for word in found if 3 <= len(word) <= 9]).tolist()
    )

    def made(part: Part, random: np.random.Generator) -> Iterator[tuple[str, Image.Image]]:
        for _ in range(COUNTS["words"][part]):
            word = next(words)
            picture = Image.new("L", (144, 32), int(random.integers(180, 256)))
            font = ImageFont.load_default(float(random.uniform(16, 24)))
            corner = (float(random.uniform(2, 20)), float(random.uniform(0, 6)))
            ImageDraw.Draw(picture).text(corner, word, fill=int(random.integers(0, 110)), font=font)
            yield word, picture

    write_readable(folder, made)


def write_readable(
    folder: Path, made: Callable[[Part, np.random.Generator], Iterator[tuple[str, Image.Image]]]
) -> None:
    for number, part in enumerate(PARTS):
        (folder / part).mkdir()
        lines = ["photo\tanswer\n"]
        for row, (text, picture) in enumerate(made(part, np.random.default_rng([1, number]))):
            name = f"{part}/{row:05}.png"
            picture.save(folder / name, compress_level=1)
            lines.append(f"{name}\t{text}\n")
        (folder / f"{part}.tsv").write_text("".join(lines))


# ---- objects and masks -----------------------------------------------------------------------------------------


def things_on_the_road(folder: Path, data: Path) -> None:
    """CamVid's masks as boxes: connected regions of signs, cars, pedestrians and bicyclists."""
    for part, name in OWN_NAMES.items():
        rows = ["filename,xmin,ymin,xmax,ymax,class\n"]
        for line in (data / "camvid" / f"{name}.txt").read_text().split("\n"):
            if not line:
                continue
            image, annotation = line.split()
            mask = np.asarray(Image.open(data / "camvid" / annotation))
            shutil.copy(data / "camvid" / image, folder / Path(image).name)
            found = [
                f"{Path(image).name},{x.start},{y.start},{x.stop},{y.stop},{thing}\n"
                for number, thing in THINGS.items()
                for labels, _ in [ndimage.label(mask == number)]
                for region, (y, x) in enumerate(ndimage.find_objects(labels), start=1)
                if np.count_nonzero(labels[y, x] == region) >= LEAST_PIXELS
            ]
            rows.extend(found)
        (folder / f"{part}.csv").write_text("".join(rows))


def painted_cells(folder: Path, data: Path) -> None:
    """BCCD's boxes as masks: an ellipse in each box, small ones over large ones."""
    source = data / "bccd"
    (folder / "masks").mkdir()
    (folder / "images").symlink_to((source / "JPEGImages").resolve())
    for part, name in OWN_NAMES.items():
        pairs = []
        for stem in (source / "ImageSets" / "Main" / f"{name}.txt").read_text().split():
            root = ElementTree.parse(source / "Annotations" / f"{stem}.xml").getroot()
            mask = Image.new("L", Image.open(folder / "images" / f"{stem}.jpg").size, 0)
            draw = ImageDraw.Draw(mask)
            boxes = []
            for thing in root.iter("object"):
                corners = [
                    int(thing.findtext(f"bndbox/{side}") or 0) for side in ("xmin", "ymin", "xmax", "ymax")
                ]
                boxes.append((corners, CELLS.index(thing.findtext("name") or "")))
            for (x0, y0, x1, y1), number in sorted(
                boxes, key=lambda box: -(box[0][2] - box[0][0]) * (box[0][3] - box[0][1])
            ):
                draw.ellipse((x0, y0, x1, y1), fill=number)
            mask.save(folder / "masks" / f"{stem}.png")
            pairs.append(f"images/{stem}.jpg\tmasks/{stem}.png\n")
        (folder / f"{part}.txt").write_text("".join(pairs))


def scenes(output: digits.DigitsOutput) -> Callable[[Path, Path], object]:
    return lambda folder, _: digits.write(folder / "digits", output)


TEXT = "kind: text, tokens: {kind: characters}"
FIND = "kind: boxes"

SETS: dict[str, Set] = {
    "numbers": Set(
        "exact_match",
        numbers_data,
        """\
inputs:
  decimal:
    tokens: {kind: characters, digits: 3, direction: right_to_left}
    encoder: {kind: transformer, layers: 1}
outputs:
  binary:
    tokens: {kind: characters, digits: 5, direction: right_to_left}
    decoder: {kind: transformer, layers: 1}
model: {width: 128}
decoding: {method: greedy}
training: {steps: 2000, batch_tokens: 1024}
"""
        + of_parts("{{table: data/{part}.tsv}}"),
    ),
    "pronunciation": Set(
        "token_error_rate",
        linked,
        """\
inputs: {word: {kind: text, tokens: {kind: characters}}}
outputs: {phones: {kind: text, tokens: {kind: spaces}}}
model: {width: 128}
decoding: {method: greedy}
training: {steps: 800, batch_tokens: 2048}
"""
        + "data:\n  train: {lexicon: shared/cmudict/cmudict.dict.gz, stress: remove}\n"
        "  split: {valid: 1000, test: 2000}\n",
    ),
    "paragraphs": Set(
        "chrf",
        paragraphs,
        """\
inputs: {english: {kind: text}}
outputs: {korean: {kind: text}}
model: {width: 128}
decoding: {method: greedy}
training: {steps: 800, batch_tokens: 2048}
"""
        + of_parts("{{table: {part}.tsv}}"),
    ),
    "strips": Set(
        "exact_match",
        scenes("text"),
        image_to(TEXT, 96).replace("photo", "scene").replace("answer", "number")
        + "model: {width: 128}\ntraining: {steps: 1800}\ndecoding: {method: greedy}\n"
        + of_parts("{{table: digits/data/{part}.tsv}}"),
    ),
    "captchas": Set(
        "exact_match",
        captchas,
        image_to(TEXT, 144)
        + "model: {width: 128}\ntraining: {steps: 1800}\ndecoding: {method: greedy}\n"
        + of_parts("{{table: {part}.tsv}}"),
    ),
    "words": Set(
        "exact_match",
        printed_words,
        image_to(TEXT, 144)
        + "model: {width: 128}\ntraining: {steps: 1800}\ndecoding: {method: greedy}\n"
        + of_parts("{{table: {part}.tsv}}"),
    ),
    "digits found": Set(
        "AP50",
        scenes("boxes"),
        image_to(FIND, 96, ", channels: [16, 32, 64, 96, 128]", ", augment: {flip: none}")
        + "model: {width: 64}\ntraining: {steps: 1200, batch_size: 16}\n"
        + of_parts("{{coco: digits/data/{part}.json, images: digits/data/images}}"),
    ),
    "cells found": Set(
        "AP50",
        linked,
        image_to(FIND, 256, ", channels: [16, 32, 64, 96, 128]")
        + "model: {width: 64}\ntraining: {steps: 500}\n"
        + "data:\n"
        + "".join(f"  {part}: {{voc: shared/bccd, split: {name}}}\n" for part, name in OWN_NAMES.items())
        + "  on_bad_rows: skip\n",
    ),
    "road found": Set(
        "AP50",
        things_on_the_road,
        image_to(FIND, 320, ", channels: [16, 32, 64, 96, 128]")
        + "model: {width: 64}\ntraining: {steps: 500}\n"
        + of_parts("{{boxes: {part}.csv}}"),
    ),
    "digits painted": Set(
        "mean_iou",
        scenes("mask"),
        image_to(
            "kind: mask",
            96,
            ", channels: [16, 32, 64, 96, 128]",
            ", augment: {flip: none, scale: [0.9, 1.1]}",
        )
        + "training: {steps: 1200, batch_size: 16}\n"
        + of_parts(
            '{{masks: digits/data/{part}.txt, classes: [background, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]}}'
        ),
    ),
    "cells painted": Set(
        "mean_iou",
        painted_cells,
        image_to("kind: mask", 192, ", channels: [16, 32, 64, 96, 128]")
        + "training: {steps: 500}\n"
        + of_parts(f"{{{{masks: {{part}}.txt, classes: [{', '.join(CELLS)}]}}}}"),
    ),
    "road painted": Set(
        "mean_iou",
        linked,
        image_to("kind: mask", 240, ", channels: [16, 32, 64, 96, 128]")
        + "training: {steps: 500}\n"
        + "data:\n"
        + "".join(
            f"  {part}: {{masks: shared/camvid/{name}.txt, classes: {ROAD}, ignore: 11}}\n"
            for part, name in OWN_NAMES.items()
        ),
    ),
}


def prepared(folder: Path, name: str, data: Path) -> Path:
    """The experiment file of a set, its data written once."""
    place = folder / name.replace(" ", "-")
    file = place / "small.yaml"
    if not file.exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        SETS[name].write(place, data)
        file.write_text(SETS[name].experiment)
    return file


def trained(experiment: Path, settings: list[str], precision: str) -> dict[str, float]:
    """Scores of one training in a process of its own, and its processor seconds."""
    run = experiment.parent / "run"
    shutil.rmtree(run, ignore_errors=True)
    command = [sys.executable, "-m", "jumok", "train", str(experiment), "--run", str(run), "--quiet"]
    for setting in (*settings, f"training.precision={precision}"):
        command += ["--set", setting]
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    after = getrusage(RUSAGE_CHILDREN)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    metrics = json.loads((run / "evaluation.json").read_text())["metrics"]
    return {
        **{
            name: metric["value"]
            for name, metric in metrics.items()
            if isinstance(metric.get("value"), float)
        },
        "valid_loss": min(line["loss"] for line in lines if line.get("split") == "valid"),
        "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


def table(folder: Path) -> str:
    """What stands in the results as a table in Markdown."""
    rows = ["| data | settings | score | valid loss | processor seconds |", "|---|---|---|---|---|"]
    for line in (folder / "results.jsonl").read_text().splitlines():
        row = json.loads(line)
        metric = SETS[row["set"]].metric
        settings = ", ".join(f"`{setting}`" for setting in row["settings"]) or "the defaults"
        score = f"{metric} {row['scores'][metric] * (1 if metric == 'chrf' else 100):.1f}"
        loss, seconds = row["scores"]["valid_loss"], row["scores"]["seconds"]
        rows.append(f"| {row['set']} | {settings} | {score} | {loss:.3f} | {seconds:.0f} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, help="The folder of shared data.")
    parser.add_argument("--sets", default=",".join(SETS), help="Names, with commas between them.")
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--print", action="store_true", help="Only print what is known.")
    arguments = parser.parse_args()
    results = arguments.folder / "results.jsonl"
    for name in [] if arguments.print else arguments.sets.split(","):
        key = {"set": name, "settings": sorted(arguments.settings), "precision": arguments.precision}
        known = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
        if any(key.items() <= row.items() for row in known):
            continue
        file = prepared(arguments.folder, name, arguments.data)
        row = {**key, "scores": trained(file, arguments.settings, arguments.precision)}
        with results.open("a") as out:
            out.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
    print(table(arguments.folder))


if __name__ == "__main__":
    main()
