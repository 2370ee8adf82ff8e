"""What `active.py` found, as pictures and tables: the score against the number of labelled items."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from jumok.wording import quantity

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
LABELS = {"random": "by chance", "unsure": "unsure", "diverse": "diverse", "both": "both"}
COLOURS = {"random": "#777777", "unsure": "#c8553d", "diverse": "#2f6f9f", "both": "#3b8f5a"}
METRICS = {"shapes": "AP50", "cells": "AP50", "digits": "accuracy", "road": "mean IoU"}

Curves = dict[str, dict[int, dict[int, float]]]  # score by order, seed and labelled items


def curves_of(results: list[dict[str, Any]], task: str, name: str = "") -> Curves:
    """The scores of a task by order; seeds that were cut off are left out.

    Args:
        results: All steps.
        task: The task.
        name: Another metric than that of the task.

    Returns:
        The scores; every order begins with the one model of its seed.
    """
    there = {one["order"] for one in results if one["task"] == task}
    orders = [order for order in LABELS if order in there]
    found: Curves = defaultdict(lambda: defaultdict(dict))
    for one in results:
        if one["task"] == task:
            score = one["scores"][name] if name else one["score"]
            for order in orders if one["order"] == "start" else (one["order"],):
                found[order][one["seed"]][one["labelled"]] = score
    most = max((len(points) for seeds in found.values() for points in seeds.values()), default=0)
    whole = [seed for seed in found["random"] if all(len(found[order][seed]) == most for order in orders)]
    return {order: {seed: found[order][seed] for seed in sorted(whole)} for order in orders}


def area(points: dict[int, float]) -> float:
    """The mean height of a curve over labelled items, by trapezia."""
    counts = sorted(points)
    heights = [points[count] for count in counts]
    return float(np.trapezoid(heights, counts) / (counts[-1] - counts[0]))


def spread(values: list[float]) -> str:
    """Mean and standard deviation over seeds in percent."""
    deviation = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return f"{100 * np.mean(values):.1f} ± {100 * deviation:.1f}"


def table(curves: Curves) -> str:
    """The scores of all orders in Markdown, and the mean height of each curve beside that by chance."""
    counts = sorted(next(iter(curves["random"].values())))
    rows = [
        "| labelled | " + " | ".join(LABELS[order] for order in curves) + " |",
        "|---:" * (len(curves) + 1) + "|",
    ]
    for count in counts:
        cells = (spread([points[count] for points in curves[order].values()]) for order in curves)
        rows.append(f"| {count} | " + " | ".join(cells) + " |")
    base = {seed: area(points) for seed, points in curves["random"].items()}
    means, better = [], []
    for order in curves:
        gains = [area(points) - base[seed] for seed, points in curves[order].items()]
        means.append("" if order == "random" else signed(gains))
        better.append("" if order == "random" else f"{sum(gain > 0 for gain in gains)} of {len(gains)}")
    rows.append("| mean gain over chance | " + " | ".join(means) + " |")
    rows.append("| seeds that gain | " + " | ".join(better) + " |")
    return "\n".join(rows)


def signed(gains: list[float]) -> str:
    """The mean of paired differences with its standard error, in points."""
    error = np.std(gains, ddof=1) / np.sqrt(len(gains)) if len(gains) > 1 else np.nan
    return f"{100 * np.mean(gains):+.1f} ± {100 * error:.1f}"


def draw(curves: Curves, task: str, file: Path) -> None:
    """Mean scores with a band of one standard deviation over seeds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(5.2, 3.6), dpi=110)
    for order, seeds in curves.items():
        counts = sorted(next(iter(seeds.values())))
        scores = np.array([[points[count] for count in counts] for points in seeds.values()])
        mean, deviation = scores.mean(0), scores.std(0, ddof=1) if len(scores) > 1 else 0
        axes.plot(counts, mean, marker="o", markersize=3, color=COLOURS[order], label=LABELS[order])
        axes.fill_between(counts, mean - deviation, mean + deviation, color=COLOURS[order], alpha=0.12, lw=0)
    axes.set_xlabel("labelled items")
    axes.set_ylabel(f"{METRICS[task]} on test")
    axes.set_title(f"{task}: {quantity(len(curves['random']), 'seed')}")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(file)
    pyplot.close(figure)


def draw_all(file: Path) -> None:
    """Draw each task of a file of results, and print its table."""
    found = json.loads(file.read_text())
    print(found["machine"])
    for task in METRICS:
        curves = curves_of(found["results"], task)
        if curves.get("random"):
            draw(curves, task, PICTURES / f"active-{task}.png")
            print(f"\n{task}, {METRICS[task]} in percent\n\n{table(curves)}")
