"""Images with boxes at random, and what COCO's own code and its fast twin say of them."""

import contextlib
import io
from typing import Any

import faster_coco_eval
import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from jumok.metrics import FoundBoxes, TrueBoxes

NAMES = ["cell", "clot", "grain"]
CATEGORIES = [2, 5, 11]
STATS = {"AP": 0, "AP50": 1, "AP75": 2, "AP_small": 3, "AP_medium": 4, "AP_large": 5, "AR": 8}


def true_boxes(
    boxes: Any,
    labels: Any = None,
    crowd: Any = None,
    ignored: Any = None,
    areas: Any = None,
) -> TrueBoxes:
    """True boxes, of class 0 and to be found where not told otherwise."""
    boxes = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    sizes = boxes[:, 2:] - boxes[:, :2]
    return TrueBoxes(
        boxes,
        np.zeros(len(boxes), dtype=np.int64) if labels is None else np.array(labels),
        np.zeros(len(boxes), dtype=bool) if crowd is None else np.array(crowd),
        np.zeros(len(boxes), dtype=bool) if ignored is None else np.array(ignored),
        sizes.prod(axis=1) if areas is None else np.array(areas, dtype=np.float64),
    )


def found_boxes(boxes: Any, scores: Any, labels: Any = None) -> FoundBoxes:
    """Found boxes, of class 0 where not told otherwise."""
    boxes = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    labels = np.zeros(len(boxes), dtype=np.int64) if labels is None else np.array(labels)
    return FoundBoxes(boxes, np.array(scores, dtype=np.float64), labels)


def made_image(
    rng: np.random.Generator, most_found: int, classes: int, ignoring: bool
) -> tuple[FoundBoxes, TrueBoxes]:
    """An image with few true boxes, many of which are found, some nearly."""
    count = rng.integers(0, 8)
    corners = rng.integers(0, 200, (count, 2))
    sizes = np.rint(np.exp(rng.uniform(1.5, 5.2, (count, 2))))
    boxes = np.concatenate((corners, corners + sizes), axis=1)
    crowd = rng.random(count) < (0.2 if ignoring else 0)
    ignored = rng.random(count) < (0.2 if ignoring else 0)
    areas = sizes.prod(axis=1) * rng.choice([1.0, 0.6], count)  # outlines are smaller than boxes
    labels = rng.integers(0, classes, count)
    found = rng.integers(0, most_found + 1)
    near = rng.integers(0, count, found) if count else np.zeros(found, dtype=np.int64)
    start = boxes[near] if count else np.tile([20.0, 20.0, 60.0, 60.0], (found, 1))
    moved = start + np.rint(rng.normal(0, 4, (found, 4))) * rng.integers(0, 2, (found, 1))
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2])  # some without area
    right = labels[near] if count else np.zeros(found, dtype=np.int64)
    said = np.where(rng.random(found) < 0.8, right, rng.integers(0, classes, found))
    scores = np.round(rng.random(found), 1 + rng.integers(0, 3))  # many are equal
    return found_boxes(moved, scores, said), true_boxes(boxes, labels, crowd, ignored, areas)


def made_images(
    seed: int, images: int, most_found: int = 12, classes: int = 3, ignoring: bool = True
) -> tuple[list[FoundBoxes], list[TrueBoxes]]:
    rng = np.random.default_rng(seed)
    made = [made_image(rng, most_found, classes, ignoring) for _ in range(images)]
    return [found for found, _ in made], [true for _, true in made]


class WithDifficult(COCOeval):
    """COCO's own evaluation, which overwrites the `ignore` of files; here it is kept."""

    def _prepare(self) -> None:
        super()._prepare()
        for marked in self._gts.values():
            for one in marked:
                one["ignore"] = one["iscrowd"] or one["difficult"]


def as_coco(make: type, found: list[FoundBoxes], true: list[TrueBoxes]) -> tuple[Any, Any]:
    """The same images as two of the objects of pycocotools; the numbers of images and classes have gaps."""
    images = [{"id": 7 * i + 3, "width": 500, "height": 500} for i in range(len(true))]
    marked = [
        {"image_id": images[i]["id"], **one}
        for i, boxes in enumerate(true)
        for one in rows(boxes, areas=boxes.areas, iscrowd=boxes.crowd, difficult=boxes.ignored)
    ]
    stated = [
        {"image_id": images[i]["id"], **one}
        for i, boxes in enumerate(found)
        for one in rows(boxes, areas=np.prod(boxes.boxes[:, 2:] - boxes.boxes[:, :2], 1), score=boxes.scores)
    ]
    made = []
    for annotations in (marked, stated):
        coco = make()
        numbered = [{"iscrowd": 0, **one, "id": 4 * i + 1} for i, one in enumerate(annotations)]
        categories = [{"id": n, "name": name} for n, name in zip(CATEGORIES, NAMES, strict=True)]
        coco.dataset = {"images": images, "categories": categories, "annotations": numbered}
        coco.createIndex()
        made.append(coco)
    return made[0], made[1]


def rows(boxes: FoundBoxes | TrueBoxes, areas: np.ndarray, **columns: np.ndarray) -> list[dict[str, Any]]:
    xywh = np.concatenate((boxes.boxes[:, :2], boxes.boxes[:, 2:] - boxes.boxes[:, :2]), axis=1)
    return [
        {
            "bbox": xywh[i].tolist(),
            "area": float(areas[i]),
            "category_id": CATEGORIES[boxes.labels[i]],
            **{name: column[i].item() for name, column in columns.items()},
        }
        for i in range(len(xywh))
    ]


def coco_scores(
    found: list[FoundBoxes], true: list[TrueBoxes], fast: bool = False, difficult: bool = False
) -> dict[str, float]:
    """What pycocotools, or faster-coco-eval, computes, under our names; NaN where it says -1."""
    evaluate = faster_coco_eval.COCOeval_faster if fast else WithDifficult if difficult else COCOeval
    with contextlib.redirect_stdout(io.StringIO()):
        marked, stated = as_coco(faster_coco_eval.COCO if fast else COCO, found, true)
        evaluation = evaluate(marked, stated, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    stats = evaluation.all_stats if fast else evaluation.stats
    scores = {name: stats[place] for name, place in STATS.items()}
    precision = evaluation.eval["precision"]  # (T, recalls, classes, sizes, 3)
    for label, name in enumerate(NAMES):
        scores[f"AP/{name}"] = precision[:, :, label, 0, 2].mean()
        scores[f"AP50/{name}"] = precision[0, :, label, 0, 2].mean()
    return {name: float("nan") if value == -1 else float(value) for name, value in scores.items()}
