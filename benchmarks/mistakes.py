"""How many of the first 50 suspicions are mistakes: 5 % are planted into copies of data sets, by several seeds.

For each set and seed one model is trained on the copy, mistakes and all, and lists what it suspects in valid and test,
which it has not learned from, and in train, which it has. Models that each left out a fold of train list that fold too.
Two orders are compared: `ours`, and `plain`, by the scores of the model alone (of labels the normalized
margin, of masks the size and margin of regions). Chance is the share of mistakes among the annotations. Results are
written as they come.

    python benchmarks/mistakes.py --data data --json out.json
    PYTHONPATH=src python3 benchmarks/mistakes.py --data DIR --device cuda --processes 8 --json OUT
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from planting import ROAD, SHARE, Corners, Planted, iou, plant

FIRST = 50  # suspicions that a person would look at
KEPT = 600  # suspicions that are matched
FOLDS = 3
SAME_BOX = 0.5  # IoU of a suspicion with a planted box
INSIDE = 0.5  # share of a suspected region within the planted one, or the other way round
WEIGHTS = "tf_efficientnet_lite0_imagenet1k.safetensors"
ENDS = 5.0  # seconds before the limit, at which the last job is stopped

EXPERIMENTS = {
    "bccd": """\
inputs:
  photo:
    kind: image
    size: 320
    encoder: {{backbone: tf_efficientnet_lite0, weights: {data}/weights/{weights}, neck: fpn}}
    augment: {{flip: both, scale: [0.8, 1.4], colour: 0.2}}
outputs:
  cells: {{kind: boxes, head: {{kind: dense}}}}
data:
  train: {{voc: {copy}, split: train}}
  valid: {{voc: {copy}, split: val}}
  test: {{voc: {copy}, split: test}}
  on_bad_rows: skip
model: {{width: 96}}
training: {{steps: 600, batch_size: 8, learning_rate: 1e-3, warmup: 60, ema_decay: 0.99, evaluate_every: 200}}
""",
    "har": """\
inputs:
  motion:
    kind: series
    rate: 50
    channels: 9
    encoder: {{kind: recurrent, cell: gru}}
    augment: {{jitter: 0.05, scale: 0.1, shift: 0.2, mask: 0.2}}
outputs:
  activity: {{kind: label}}
data:
  train: {{arrays: {copy}/har.npz, columns: {{motion: X_train, activity: "classes[y_train]"}}}}
  test: {{arrays: {copy}/har.npz, columns: {{motion: X_test, activity: "classes[y_test]"}}}}
  split: {{valid: 0.1}}
model: {{width: 64, dropout: 0.3}}
training:
  {{steps: 600, batch_size: 64, batch_tokens: 100000, optimizer: muon, evaluate_every: 200, ema_decay: 0.99,
   weight_decay: 0.1, label_smoothing: 0.1}}
""",
    "camvid": """\
inputs:
  frame:
    kind: image
    size: 480
    encoder: {{backbone: tf_efficientnet_lite0, weights: {data}/weights/{weights}}}
    augment: {{flip: horizontal, scale: [0.8, 1.6], colour: 0.2}}
outputs:
  scene: {{kind: mask, decoder: {{upsample: bilinear, width: 24}}}}
data:
  train: {{masks: {copy}/train.txt, classes: &classes {classes}, ignore: 11}}
  valid: {{masks: {copy}/val.txt, classes: *classes, ignore: 11}}
  test: {{masks: {copy}/test.txt, classes: *classes, ignore: 11}}
training: {{steps: 700, batch_size: 4, learning_rate: 2e-3, warmup: 70, ema_decay: 0.99, evaluate_every: 350}}
""",
}
OWN_NAMES = {"train": "train", "valid": "val", "test": "test"}  # of the splits in the sets


# ---------------------------------------------------------------- one training, in a process of its own


def do_job(order: dict[str, Any]) -> None:
    """Train, list the suspicions of some splits, and write them beside the run."""
    import torch

    torch.set_num_threads(order["threads"])
    from jumok.dataset import prepare
    from jumok.dataset.folds import fold_numbers
    from jumok.evaluation import answers
    from jumok.evaluation.mistakes.rating import mistake_finders, rate_split
    from jumok.experiment import read_experiment
    from jumok.predictor import load
    from jumok.training import NullReporter, train

    answers.RESAMPLES = 2  # intervals are not asked for
    fold, began = order["fold"], time.process_time()
    changes = ["training.baselines=false", f"training.device={order['device']}", *order["set"]]
    changes += [f"training.seed={order['seed']}"]
    left_out = [] if fold is None else [f"data.fold={{number: {fold}, of: {FOLDS}}}"]
    run = Path(order["run"])
    done = train(read_experiment(Path(order["file"]), [*changes, *left_out]), run, NullReporter())
    predictor = load(run, order["device"])
    prepared = prepare(read_experiment(Path(order["file"]), changes), lambda _: None, predictor.fields)
    finders = mistake_finders(predictor)
    found: dict[str, Any] = {}
    for name, split in prepared.splits.items():
        if fold is not None and name != "train":
            continue
        numbers = np.arange(len(split))
        if fold is not None:
            numbers = np.flatnonzero(fold_numbers(split.texts, list(split.inputs), FOLDS)[split.rows] == fold)
        rated = rate_split(predictor, split, numbers.tolist())
        keys = [key_of(order["name"], split, int(i)) for i in numbers]
        for method, usual in (("ours", True), ("plain", False)):
            found.setdefault(name, {})[method] = [
                {"key": keys[i], **one} for i, one in ranked(rated, finders, usual)[:KEPT]
            ]
    scores = {name: score["value"] for name, score in done.evaluation["metrics"].items() if "/" not in name}
    result = {"found": found, "scores": scores, "processor_seconds": time.process_time() - began}
    (run / "suspicions.json").write_text(json.dumps(result))


def ranked(
    rated: list[dict[str, Any]], finders: dict[str, Any], usual: bool
) -> list[tuple[int, dict[str, Any]]]:
    """Suspicions, best first; without what is usual of the model they are ordered by its scores alone."""
    from jumok.evaluation.mistakes.suspicions import disagreements

    if usual:
        found = [(i, what.to_json()) for i, _, what in disagreements(rated, finders)]
    else:
        found = [(i, one) for i, of in enumerate(rated) for one in plain(of, finders)]
    return sorted(found, key=lambda one: (-one[1]["score"], one[0]))


def plain(rated: dict[str, Any], finders: dict[str, Any]) -> list[dict[str, Any]]:
    """What a model's scores alone say; of a label the normalized margin, of a mask the size and margin of regions."""
    (name, value) = next(iter(rated.items()))
    if hasattr(value, "label"):
        (given,) = value.label
        score = float(1 + np.delete(value.probabilities, given).max() - value.probabilities[given]) / 2
        return [{"score": score, "kind": "label", "box": None, "given": "", "predicted": ""}]
    if hasattr(value, "regions"):
        from jumok.metrics.mistakes.masks import doubted_region

        return [
            {**doubted_region(one, finders[name].names, None).to_json(), "score": one.size}
            for one in value.regions
        ]
    return [what.to_json() for what in finders[name].find(value)]


def key_of(name: str, split: Any, example: int) -> str:
    """What planted mistakes call an example."""
    if name == "har":  # rows of an array are numbered from 1
        return str(split.line(example) - 1)
    image = split.text(next(iter(split.inputs)), example)
    return Path(image).stem if name == "bccd" else image


# ---------------------------------------------------------------- suspicions and what was planted


def hit_by(one: dict[str, Any], planted: Sequence[Planted]) -> int | None:
    """The number of the planted mistake that a suspicion points to."""
    for number, mistake in enumerate(planted):
        if mistake.key == one["key"] and points_to(one, mistake):
            return number
    return None


def points_to(one: dict[str, Any], mistake: Planted) -> bool:
    """Whether a suspicion on the same image or row is about a mistake: of boxes, at its place."""
    if mistake.box is None:
        return True
    if one["kind"] == "region":
        return share_within(one["box"], mistake.box) >= INSIDE and one["given"] == mistake.given
    if one["kind"] == "missed":  # where a removed object was, or one whose box was shifted away
        true = mistake.box if mistake.kind == "removed" else mistake.before
        return true is not None and overlapping(one["box"], true)
    return (
        mistake.kind != "removed" and overlapping(one["box"], mistake.box) and one["given"] == mistake.given
    )


def overlapping(one: Sequence[float], other: Corners) -> bool:
    """Whether two boxes are at one place."""
    return float(iou(tuple(other), np.array([one]))[0]) >= SAME_BOX


def share_within(one: Sequence[float], other: Corners) -> float:
    """The intersection of two boxes over the smaller of their areas."""
    a, b = np.array(one), np.array(other)
    both = float(np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)))
    return both / min(float(np.prod(a[2:] - a[:2])), float(np.prod(b[2:] - b[:2])))


def measured(found: Sequence[dict[str, Any]], planted: Sequence[Planted]) -> dict[str, Any]:
    """Precision among the first suspicions, and recall; each mistake counts once, whatever else points to it."""
    seen: set[int] = set()
    hits, kinds = [], []
    for one in found:
        number = hit_by(one, planted)
        fresh = number is not None and number not in seen
        hits.append(fresh)
        if fresh and number is not None:
            seen.add(number)
            kinds.append((len(hits), planted[number].kind))
    total = Counter(mistake.kind for mistake in planted)
    looked = min(FIRST, len(planted))
    return {
        "planted": len(planted),
        f"precision_at_{FIRST}": sum(hits[:FIRST]) / FIRST,
        "best_possible": looked / FIRST,
        "recall_at_planted": sum(hits[: len(planted)]) / max(1, len(planted)),
        "recall_at_twice": sum(hits[: 2 * len(planted)]) / max(1, len(planted)),
        "recall_at_twice_by_kind": {
            kind: sum(k == kind and rank <= 2 * len(planted) for rank, k in kinds) / count
            for kind, count in sorted(total.items())
        },
        f"first_{FIRST}_by_suspicion": dict(Counter(one["kind"] for one in found[:FIRST])),
        f"hits_in_first_{FIRST}_by_suspicion": dict(
            Counter(one["kind"] for one, hit in zip(found[:FIRST], hits, strict=False) if hit)
        ),
    }


def judge(name: str, runs: dict[str, dict[str, Any]], planted: dict[str, list[Planted]]) -> dict[str, Any]:
    """All figures of one set and seed, of the runs that are done."""
    judged: dict[str, Any] = {}
    if whole := runs.get("whole"):
        judged["scores"] = whole["scores"]
        for method in ("ours", "plain"):
            of_split = {split: of[method] for split, of in whole["found"].items()}
            unseen = pooled([of_split.get("test", []), *([] if name == "har" else [of_split["valid"]])])
            both = planted["test"] + planted.get("val", [])
            judged[f"unseen {method}"] = measured(unseen, both)
            judged[f"train, seen {method}"] = measured(of_split["train"], planted["train"])
    folds = [runs[key] for key in runs if key.startswith("fold")]
    if len(folds) == FOLDS:
        for method in ("ours", "plain"):
            found = pooled([one["found"]["train"][method] for one in folds])
            judged[f"train, {FOLDS} folds {method}"] = measured(found, planted["train"])
    return judged


def pooled(lists: Sequence[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Suspicions of several splits or models in one order."""
    return sorted((one for some in lists for one in some), key=lambda one: (-one["score"], one["key"]))


# ---------------------------------------------------------------- all of it


def main() -> None:
    """Plant, train and judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=Path("data"), help="folder with bccd, har, camvid, weights"
    )
    parser.add_argument("--json", type=Path, help="where results go, as they come")
    parser.add_argument("--work", type=Path, help="copies and runs; a folder that is kept, to go on later")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--sets", default="bccd,har,camvid")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--no-folds", action="store_true")
    parser.add_argument("--set", action="append", default=[], help="a change of every experiment")
    parser.add_argument("--seconds", type=float, help="what is not done by then is left out")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        do_job(json.loads(options.job))
        return
    with tempfile.TemporaryDirectory() as made:
        run_all(options, options.work or Path(made))


def run_all(options: argparse.Namespace, work: Path) -> None:
    """Do all jobs, several at a time, and write what is known after each."""
    ends = None if options.seconds is None else time.monotonic() + options.seconds - ENDS
    names, data = options.sets.split(","), options.data.resolve()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    planted: dict[tuple[str, int], dict[str, list[Planted]]] = {}
    for name in names:
        for seed in seeds:
            folder = work / f"{name}-{seed}"
            planted[name, seed] = plant(name, data / name, folder / "copy", seed)
            places = {"data": data, "copy": (folder / "copy").resolve(), "weights": WEIGHTS}
            text = EXPERIMENTS[name].format(**places, classes=f"[{', '.join(ROAD)}]")
            (folder / "x.yaml").write_text(text)
    whole = [(name, seed, None) for seed in seeds for name in names]
    folds = [
        (name, seed, fold)
        for seed in seeds
        for name in names
        if name != "camvid" and not options.no_folds
        for fold in range(FOLDS)
    ]
    # the first seed whole, then by and by the others with their folds
    jobs: list[tuple[str, int, int | None]] = [*whole, *folds]
    runs: dict[tuple[str, int], dict[str, dict[str, Any]]] = {key: {} for key in planted}
    threads = max(1, len(os.sched_getaffinity(0)) // options.processes)

    def do(job: tuple[str, int, int | None]) -> None:
        name, seed, fold = job
        kind = "whole" if fold is None else f"fold{fold}"
        folder = work / f"{name}-{seed}"
        result = folder / kind / "suspicions.json"
        if not result.exists():
            order = {
                **{"name": name, "seed": seed, "fold": fold, "device": options.device, "set": options.set},
                **{"file": str(folder / "x.yaml"), "run": str(folder / kind), "threads": threads},
            }
            run_job(order, threads, ends)
        if result.exists():
            runs[name, seed][kind] = json.loads(result.read_text())
            write(options, runs, planted)

    with ThreadPoolExecutor(options.processes) as pool:
        list(pool.map(do, jobs))
    print_table(runs, planted)


def run_job(order: dict[str, Any], threads: int, ends: float | None) -> None:
    """One job in its own process, stopped when the time is over."""
    left = None if ends is None else ends - time.monotonic()
    if left is not None and left <= 0:
        return
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    environment["JUMOK_CACHE"] = str(Path(order["run"]).parent / f"cache-{order['fold']}")
    command = [sys.executable, __file__, "--job", json.dumps(order)]
    try:
        done = subprocess.run(command, env=environment, timeout=left, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        print(f"out of time: {order['run']}", file=sys.stderr, flush=True)
        return
    said = done.stderr.strip().splitlines()[-3:] if done.returncode else []
    print(f"{'failed' if done.returncode else 'done'}: {order['run']} {said}", file=sys.stderr, flush=True)


def write(options: argparse.Namespace, runs: dict[Any, Any], planted: dict[Any, Any]) -> None:
    """Write the figures of all that is done."""
    if options.json is None:
        return
    document = {
        "planted": SHARE,
        "device": options.device,
        "results": {
            f"{name} {seed}": judge(name, dict(of), planted[name, seed])
            for (name, seed), of in runs.items()
            if of
        },
        "processor_seconds": {
            f"{name} {seed} {kind}": round(one["processor_seconds"], 1)
            for (name, seed), of in runs.items()
            for kind, one in dict(of).items()
        },
    }
    made = options.json.with_name(f"{options.json.name}.{time.monotonic_ns()}")
    made.write_text(json.dumps(document, indent=1))
    made.replace(options.json)


def print_table(runs: dict[Any, Any], planted: dict[Any, Any]) -> None:
    """The means over seeds as a table in Markdown."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (name, seed), of in runs.items():
        for what, figures in judge(name, of, planted[name, seed]).items():
            if what != "scores":
                rows.setdefault((name, what), []).append(figures)
    print(
        f"| set | rows | planted | mistakes among the first {FIRST} | recall at as many | at twice as many | seeds |"
    )
    print("|---|---|--:|--:|--:|--:|--:|")
    for (name, what), figures in rows.items():
        means = [
            float(np.mean([one[key] for one in figures]))
            for key in ("planted", f"precision_at_{FIRST}", "recall_at_planted", "recall_at_twice")
        ]
        print(
            f"| {name} | {what} | {means[0]:.0f} | {100 * means[1]:.0f} % | {100 * means[2]:.0f} % | "
            f"{100 * means[3]:.0f} % | {len(figures)} |"
        )


if __name__ == "__main__":
    main()
