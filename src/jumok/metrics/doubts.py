"""How unsure a model is of an answer, from 0 (sure) to 1: what is worth a label is what a model doubts most."""

from collections.abc import Mapping, Sequence
from math import exp

import numpy as np
import torch
from torch import Tensor

from jumok.geometry import iou
from jumok.values import FoundObject, Hypothesis

ONE_OBJECT = 0.5  # IoU from which on boxes of two classes are about one object


def least_confidence(probabilities: np.ndarray) -> float:
    """One less the highest probability (C,), over what it is where all are equal (Settles, 2009, section 3.1)."""
    if len(probabilities) < 2:
        return 0.0
    return float((1 - probabilities.max()) / (1 - 1 / len(probabilities)))


def small_margin(probabilities: np.ndarray) -> float:
    """One less the distance of the two highest probabilities (C,) (Scheffer et al., 2001; Settles, 2009)."""
    if len(probabilities) < 2:
        return 0.0
    second, best = np.sort(probabilities)[-2:]
    return float(1 - (best - second))


def relative_entropy_of(probabilities: np.ndarray) -> float:
    """The entropy of probabilities (C,) over that of C equal ones (Shannon, 1948; Settles, 2009, section 3.1)."""
    if len(probabilities) < 2:
        return 0.0
    told = probabilities[probabilities > 0]
    return float(-(told * np.log(told)).sum() / np.log(len(probabilities)))


def doubt_of_presence(probabilities: np.ndarray) -> float:
    """The greatest doubt whether one of several classes (C,) is there; each is present or not, so its margin counts."""
    if not len(probabilities):
        return 0.0
    return float((1 - np.abs(2 * probabilities - 1)).max())


def doubt_of_text(best: Hypothesis) -> float:
    """One less the mean probability of a token: exp(log-probability / tokens), the end mark counted.

    That is the length-normalised sequence probability (Settles & Craven, 2008; for translation: Haffari et al., 2009).
    """
    return 1 - exp(min(0.0, best.log_probability / (len(best.tokens) + 1)))


def doubt_of_interval(width: float, reach: float) -> float:
    """The width of an interval over the reach of the values of training: 0 for none, 1/2 where they are equal."""
    return width / (width + reach) if width > 0 else 0.0


def doubt_of_pixels(logits: Tensor) -> float:
    """The mean over pixels of their entropy, over that of equal classes (Mackowiak et al., 2018).

    Args:
        logits: Of an image without padding (C, Y, X).

    Returns:
        The mean, 0 to 1; 0 where there is one class or no pixel.
    """
    if logits.shape[0] < 2 or not logits[0].numel():
        return 0.0
    told = logits.float().log_softmax(0)
    entropy = -(told.exp() * told).sum(0) / np.log(logits.shape[0])
    return float(entropy.double().mean())


def doubt_of_objects(objects: Sequence[FoundObject], threshold: float) -> float:
    """How unsure a detector is of an image: the sum of the doubts of its boxes, S / (1 + S).

    The doubt of a box is (1 - (p₁ - p₂))² of the two most probable answers at its place, its classes and "nothing",
    and doubts are summed (1-vs-2 with aggregation by sum: Brust et al., 2019, equations 1 and 3). The quotient keeps
    the order of sums. Candidates below the threshold count: an object that was almost found is worth a look.

    Args:
        objects: All that was found in an image, the surest first, far below the threshold, too.
        threshold: The score from which on boxes are shown; there a box is as likely right as wrong.

    Returns:
        0 to 1.
    """
    total = sum(doubt_of_box(scores) for scores in scores_by_place(objects, threshold))
    return total / (1 + total)


def doubt_of_box(scores: Mapping[str, float]) -> float:
    """(1 - (p₁ - p₂))² of the scores of the classes at a place and of "nothing" (Brust et al., 2019, equation 1)."""
    second, best = sorted((0.0, *scores.values(), 1 - max(scores.values())))[-2:]
    return (1 - (best - second)) ** 2


def scores_by_place(objects: Sequence[FoundObject], threshold: float) -> list[dict[str, float]]:
    """What was found, by place: for each box that no better one covers, the best score of each class there.

    Args:
        objects: All that was found in an image, the surest first.
        threshold: The score that is brought to one half.

    Returns:
        The scores by class, of each place.
    """
    if not objects:
        return []
    boxes = torch.tensor([one.box for one in objects], dtype=torch.float64)  # (N, 4)
    near = (iou(boxes, boxes) >= ONE_OBJECT).numpy()
    free, found = np.ones(len(objects), dtype=bool), []
    for row in range(len(objects)):
        if not free[row]:
            continue
        here = np.flatnonzero(near[row] & free)
        free[here] = False
        scores: dict[str, float] = {}
        for one in here.tolist():  # the surest first
            scores.setdefault(objects[one].name, even(objects[one].score, threshold))
        found.append(scores)
    return found


def even(score: float, threshold: float) -> float:
    """A score on a scale on which the threshold stands at one half."""
    if score < threshold:
        return score / (2 * threshold)
    return 0.5 + (score - threshold) / (2 * (1 - threshold)) if threshold < 1 else 0.5
