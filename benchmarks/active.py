"""Which items to label next: by chance, or by what a model is unsure of and what differs from what it knows.

A few items, drawn at random, are labelled first. Then, round by round, a model is trained from the same initial state
with the same number of steps on all that is labelled, scored on a fixed test part, and asked by `jumok.labelling` in
which order the rest should be labelled; the next items are labelled by their true annotations. Every order starts with
the same items and the same model. A small valid part, labelled beforehand, is the same for all, and is not counted.

- shapes: drawn scenes of discs and squares; triangles, stars and crosses are in one scene of twelve each. Boxes, AP50.
- cells: BCCD, 205 images of its train part to choose from. Boxes, AP50.
- digits: handwritten digits of the demo in scenes of one digit, 5 to 9 ten times rarer than 0 to 4. Labels, accuracy
  on a test part where all are as frequent.
- road: CamVid at half its size, 184 frames to choose from. Masks, mean IoU.

    python benchmarks/active.py --data data --json active.json --device cuda --processes 8 --minutes 7
    python benchmarks/active.py --draw active.json

`--prepare` only writes the data into the folder of work, which may then be copied to another machine.
"""

import argparse
import json
import os
import shutil
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from traceback import format_exception
from typing import Any

import numpy as np

ORDERS = ("random", "unsure", "diverse", "both")
PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Task:
    """One set of data, and how a model is trained on it."""

    metric: str
    start: int  # items that are labelled at first
    add: int  # items that are labelled in a round
    rounds: int
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]  # options of each part

    @property
    def output(self) -> str:
        """The only output."""
        return next(iter(self.outputs))


@dataclass(frozen=True)
class Step:
    """One training, of so many labelled items, chosen by an order."""

    task: str
    seed: int
    order: str
    round: int
    labelled: tuple[str, ...]
    folder: str  # of the set
    run: str
    device: str
    last: int  # the last round
    steps: int  # of the training
    add: int  # items that are labelled after it
    orders: tuple[str, ...]  # that begin after the first round


SMALL = {"backbone": "convolutional", "channels": [16, 32, 64, 96, 128]}
LITE = {"backbone": "tf_efficientnet_lite0", "weights": "../weights.safetensors"}
FIND = {"objects": {"kind": "boxes", "head": {"kind": "dense"}}}
TURNED = {"flip": "both", "scale": [0.8, 1.3]}
FAST = {"optimizer": "muon", "learning_rate": 3e-3, "warmup": 50, "weight_decay": 0.1, "ema_decay": 0.99}
COCO = {part: {"coco": f"{part}.json", "images": "images"} for part in PARTS}
LISTED = {part: {"masks": f"{part}.txt"} for part in PARTS}
TABLED = {part: {"table": f"{part}.tsv"} for part in PARTS}


def photo(size: int, encoder: dict[str, Any], augment: dict[str, Any]) -> dict[str, Any]:
    """The only input."""
    return {"photo": {"kind": "image", "size": size, "encoder": encoder, "augment": augment}}


TASKS = {
    "shapes": Task(
        "AP50", 20, 20, 6, photo(96, {**SMALL, "neck": "fpn"}, TURNED), FIND, {"width": 64, "dropout": 0.0},
        {**FAST, "steps": 400, "batch_size": 16}, COCO,
    ),
    "cells": Task(
        "AP50", 15, 15, 4, photo(256, {**LITE, "neck": "fpn"}, TURNED), FIND, {"width": 96},
        {"steps": 300, "batch_size": 8, "learning_rate": 1e-3, "warmup": 50, "ema_decay": 0.98}, COCO,
    ),
    "digits": Task(
        "accuracy", 30, 30, 6, photo(32, SMALL, {"flip": "none", "scale": [0.8, 1.2]}),
        {"digit": {"kind": "label", "classes": [str(one) for one in range(10)]}}, {"width": 64},
        {**FAST, "steps": 300, "batch_size": 32}, TABLED,
    ),
    "road": Task(
        "mean_iou", 10, 10, 4, photo(240, LITE, {"flip": "horizontal", "scale": [0.8, 1.5]}),
        {"scene": {"kind": "mask", "decoder": {"upsample": "bilinear", "width": 24}}}, {},
        {"steps": 300, "batch_size": 4, "learning_rate": 2e-3, "warmup": 50, "ema_decay": 0.98}, LISTED,
    ),
}  # fmt: skip


# ---- one step, in a process of its own ---------------------------------------------------------------------------


class Pool:
    """The annotations of a set, as the code that proposes asks for them."""

    format, outlines = "memory", False

    def __init__(self, folder: Path, task: Task) -> None:
        from jumok.labelling.contract import AnswerColumn

        known = json.loads((folder / "items.json").read_text())
        self.place, self.images = folder, folder / "images"
        self.records: dict[str, dict[str, Any]] = {one["name"]: one for one in known["items"]}
        self.names = tuple(known["classes"])
        kind = task.outputs[task.output]["kind"]
        self.kind = {"boxes": "objects", "mask": "mask", "label": "values"}[kind]
        self.columns = [AnswerColumn(task.output, kind)] if kind == "label" else []

    def classes(self) -> tuple[str, ...]:
        return self.names

    def inputs(self, key: str) -> dict[str, Any]:
        return {"photo": str(self.images / key)}

    def part(self, name: str) -> list[str]:
        """The names of the items of a part, in their order."""
        return [key for key, one in self.records.items() if one["part"] == name]


def trained(step: Step) -> dict[str, Any]:
    """Train and score a step; what it found, and what to label next by each order that may follow."""
    from jumok import load, train
    from jumok.experiment.file import build_experiment
    from jumok.training import NullReporter

    began, task, folder, run = time.perf_counter(), TASKS[step.task], Path(step.folder), Path(step.run)
    pool = Pool(folder, task)
    shutil.rmtree(run, ignore_errors=True)
    place = run / "data"
    write_parts(pool, task, list(step.labelled), place)
    options = experiment_of(task, place, folder, step)
    outcome = train(build_experiment(options, str(place / "small.yaml")), run / "run", NullReporter())
    scores = {
        name: metric["value"]
        for name, metric in outcome.evaluation["metrics"].items()
        if isinstance(metric.get("value"), float)
    }
    told = {"task": step.task, "seed": step.seed, "order": step.order, "round": step.round}
    found = {**told, "labelled": len(step.labelled), "score": scores[task.metric], "scores": scores}
    found["next"] = {}
    if step.round < step.last:
        predictor = load(run / "run", step.device)
        orders = step.orders if step.round == 0 else (step.order,)
        found["next"] = chosen(orders, step, pool, predictor)
    found["counts"] = label_counts(pool, step.labelled)
    shutil.rmtree(run, ignore_errors=True)
    return {**found, "seconds": time.perf_counter() - began}


def chosen(orders: tuple[str, ...], step: Step, pool: Pool, predictor: Any) -> dict[str, list[str]]:
    """The items to label next by each order, by the code of the label tool."""
    from jumok.labelling.order import Knowledge, work_order
    from jumok.labelling.proposing.proposer import Proposer, feature_matrix

    task, have, add = TASKS[step.task], set(step.labelled), step.add
    rest = [key for key in pool.part("train") if key not in have]
    draw = np.random.default_rng([step.seed, step.round, 7]).permutation(len(rest))
    found = {"random": [rest[row] for row in draw[:add]]}
    if orders != ("random",):
        proposed = Proposer(predictor, pool, task.output).propose([*rest, *step.labelled])  # type: ignore[arg-type]
        features = feature_matrix(list(proposed.values()))
        unsure = np.array([proposed[key].unsure for key in rest])
        known = Knowledge(unsure, features[: len(rest)], features[len(rest) :])
        for order in set(orders) - {"random"}:
            found[order] = [rest[row] for row in work_order(order, len(rest), known).rows[:add]]
    return {order: found[order] for order in orders}


def experiment_of(task: Task, place: Path, folder: Path, step: Step) -> dict[str, Any]:
    """The experiment as a file would say it."""
    inputs = json.loads(json.dumps(task.inputs))
    encoder = inputs["photo"]["encoder"]
    if "weights" in encoder:
        encoder["weights"] = str(folder / encoder["weights"])
    data = json.loads(json.dumps(task.data))
    for part in data.values():
        for key in ("coco", "masks", "table"):
            if key in part:
                part[key] = str(place / part[key])
        if "images" in part:
            part["images"] = str(folder / "images")
        if "masks" in part:
            part["classes"] = json.loads((folder / "items.json").read_text())["classes"]
            part["ignore"] = 255
    data["on_bad_rows"] = "skip"  # a class may lack at first
    training = {
        **task.training,
        "steps": step.steps,
        "evaluate_every": step.steps,
        "baselines": False,
        "precision": "fp32",
    }
    training |= {"seed": step.seed, "device": step.device, "keep": 1}
    return {
        "inputs": inputs, "outputs": task.outputs, "data": data, "model": task.model, "training": training
    }  # fmt: skip


def write_parts(pool: Pool, task: Task, labelled: list[str], place: Path) -> None:
    """The annotations of the parts, those of train for the labelled items alone."""
    place.mkdir(parents=True)
    for part in PARTS:
        keys = labelled if part == "train" else pool.part(part)
        records = [pool.records[key] for key in keys]
        if pool.kind == "objects":
            (place / f"{part}.json").write_text(json.dumps(coco_of(records, pool.names)))
        elif pool.kind == "mask":
            lines = [f"{pool.images / one['name']}\t{pool.place / one['mask']}\n" for one in records]
            (place / f"{part}.txt").write_text("".join(lines))
        else:
            lines = [f"{pool.images / one['name']}\t{one['label']}\n" for one in records]
            (place / f"{part}.tsv").write_text(f"photo\t{task.output}\n" + "".join(lines))


def coco_of(records: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any]:
    """Records as COCO has them; all classes are named, whichever occur."""
    images, objects = [], []
    for number, one in enumerate(records, start=1):
        width, height = one["size"]
        images.append({"id": number, "file_name": one["name"], "width": width, "height": height})
        for name, x1, y1, x2, y2 in one["objects"]:
            box = [x1, y1, x2 - x1, y2 - y1]
            about = {"id": len(objects) + 1, "image_id": number, "category_id": names.index(name) + 1}
            objects.append({**about, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    return {"images": images, "annotations": objects, "categories": categories}


def label_counts(pool: Pool, labelled: tuple[str, ...]) -> dict[str, int]:
    """How many objects, or items, of each class are labelled; nothing is counted in masks."""
    counts = dict.fromkeys(pool.names, 0)
    for key in labelled:
        one = pool.records[key]
        for name in [thing[0] for thing in one.get("objects", ())] + (
            [one["label"]] if "label" in one else []
        ):
            counts[name] += 1
    return counts


# ---- all steps ---------------------------------------------------------------------------------------------------


class Campaign:
    """All trainings; what they found, and why some failed, is written as it comes."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.began = arguments, time.perf_counter()
        self.results: list[dict[str, Any]] = []
        self.failures: list[dict[str, Any]] = []  # with the whole error each
        self.queued: list[tuple[int, int, int, Step]] = []  # by seed, so that what is cut off has whole seeds
        self.running: dict[Future[dict[str, Any]], Step] = {}

    def run(self) -> None:
        """Start with the first round of each task and seed, and go on as results come, until there are none."""
        given = self.arguments
        os.environ["OMP_NUM_THREADS"] = str(given.threads)
        with ProcessPoolExecutor(given.processes, mp_context=get_context("spawn")) as workers:
            for seed in range(given.first_seed, given.first_seed + given.seeds):
                for name in given.sets:
                    self.queue(self.first(name, seed))
            while self.fill(workers) or self.running:
                done, _ = wait(self.running, return_when=FIRST_COMPLETED)
                for one in done:
                    self.follow(self.running.pop(one), one)

    def queue(self, step: Step) -> None:
        """Put a step where it belongs: seeds one after the other, rounds of a seed, then as they came."""
        self.queued.append((step.seed, step.round, len(self.results) + len(self.queued), step))

    def fill(self, workers: ProcessPoolExecutor) -> bool:
        """Begin as many steps as there are workers, unless time is up; tells whether any was begun."""
        began = False
        while self.queued and len(self.running) < self.arguments.processes:
            if time.perf_counter() - self.began > 60 * self.arguments.minutes:
                self.queued = []
                break
            first = min(self.queued, key=lambda one: one[:3])
            self.queued.remove(first)
            self.running[workers.submit(trained, first[3])] = first[3]
            began = True
        return began

    def first(self, name: str, seed: int) -> Step:
        """The first step of a task, with items drawn at random."""
        folder = (self.arguments.work / name).resolve()
        keys = Pool(folder, TASKS[name]).part("train")
        draw = np.random.default_rng([seed, 5]).permutation(len(keys))[: TASKS[name].start]
        return self.step(name, seed, "start", 0, tuple(keys[row] for row in draw), str(folder))

    def step(
        self, name: str, seed: int, order: str, number: int, labelled: tuple[str, ...], folder: str
    ) -> Step:
        run = self.arguments.work.resolve() / "runs" / f"{name}-{seed}-{order}-{number}"
        task, given = TASKS[name], self.arguments
        last, steps = min(given.rounds, task.rounds), given.steps or task.training["steps"]
        return Step(
            task=name,
            seed=seed,
            order=order,
            round=number,
            labelled=labelled,
            folder=folder,
            run=str(run),
            device=given.device,
            last=last,
            steps=steps,
            add=given.add or task.add,
            orders=given.orders,
        )

    def follow(self, step: Step, done: Future[dict[str, Any]]) -> None:
        """Keep what a step found, and queue what follows from it."""
        try:
            found = done.result()
        except Exception as error:
            told = {"task": step.task, "seed": step.seed, "order": step.order, "round": step.round}
            self.failures.append({**told, "error": "".join(format_exception(error))})
            self.save()
            what = f"{type(error).__name__}: {error}"
            print(
                f"{step.task} seed {step.seed} {step.order} {step.round}: {what}", file=sys.stderr, flush=True
            )
            return
        self.results.append({name: value for name, value in found.items() if name != "next"})
        self.save()
        print(
            f"{time.perf_counter() - self.began:5.0f} s  {step.task} seed {step.seed} {step.order} "
            f"{found['labelled']}: {found['score']:.4f} ({found['seconds']:.1f} s)",
            flush=True,
        )
        for order, keys in found["next"].items():
            labelled = (*step.labelled, *keys)
            self.queue(self.step(step.task, step.seed, order, step.round + 1, labelled, step.folder))

    def save(self) -> None:
        """Write all results, whole or not at all."""
        import torch

        where = {
            "device": self.arguments.device,
            "torch": torch.__version__,
            "processes": self.arguments.processes,
        }
        if self.arguments.device.startswith("cuda"):
            where["name"] = torch.cuda.get_device_name()
        file: Path = self.arguments.json
        found = {"machine": where, "results": self.results, "failures": self.failures}
        text = json.dumps(found, indent=0)
        file.with_suffix(".part").write_text(text)
        file.with_suffix(".part").replace(file)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("data"), help="The folder of shared data.")
    parser.add_argument(
        "--work", type=Path, default=Path("active-work"), help="Where data and runs are written."
    )
    parser.add_argument("--sets", default="shapes,cells,digits", help="Names, with commas between them.")
    parser.add_argument("--seeds", type=int, default=5, help="How many.")
    parser.add_argument("--first-seed", type=int, default=1, help="The others follow it.")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1, help="Of each process.")
    parser.add_argument("--minutes", type=float, default=1e9, help="After which no training begins.")
    parser.add_argument("--rounds", type=int, default=99, help="Of each task at most, to try things out.")
    parser.add_argument(
        "--add", type=int, help="Items that are labelled in a round, if not as each task says."
    )
    parser.add_argument("--orders", default=",".join(ORDERS), help="Names, with commas between them.")
    parser.add_argument("--steps", type=int, help="Of each training, to try things out.")
    parser.add_argument("--json", type=Path, default=Path("active.json"), help="What was found.")
    parser.add_argument("--prepare", action="store_true", help="Only write the data.")
    parser.add_argument(
        "--draw", type=Path, metavar="JSON", help="Only draw what was found, and print the table."
    )
    arguments = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parent))
    if arguments.draw:
        from active_pictures import draw_all

        draw_all(arguments.draw)
        return
    from active_data import prepare

    arguments.sets, arguments.orders = arguments.sets.split(","), tuple(arguments.orders.split(","))
    for name in arguments.sets:
        prepare(name, arguments.work / name, arguments.data)
    if arguments.prepare:
        return
    campaign = Campaign(arguments)
    campaign.run()
    if campaign.failures:
        sys.exit(f"{len(campaign.failures)} of the trainings failed; see failures in {arguments.json}")


if __name__ == "__main__":
    main()
