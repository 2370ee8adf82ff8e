"""Boxes of one image that are missing, marked without an object, of the wrong class, misplaced, or marked twice.

The kinds are those of ObjectLab (Tkachenko, Thyagarajan & Mueller, 2023). A score is the probability, by the model,
that the annotation is wrong: how often predictions of such a score are right (`BoxHabits`, measured on the same data
set), times how far the annotation is from what was predicted. Annotations and predictions are first matched one to one
(Kuhn, 1955), so that a misplaced box is one mistake, and neither a missing nor a superfluous one.
"""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.matching import FoundBoxes, TrueBoxes, overlap
from jumok.metrics.mistakes.box_habits import UNMEASURED, BoxHabits
from jumok.metrics.mistakes.box_pairs import Compared, compare_boxes, support
from jumok.metrics.mistakes.disagreement import Corners, Disagreement, best_first, percent

FAR_OFF = 0.2  # IoU, at which a box is as misplaced as it can be
LEAST_DOUBT = 0.05  # the lowest score: boxes of people and of models never fit exactly
TWICE = 0.6  # IoU of two annotations, from which on they mark one object
SAME_OBJECT = 0.7  # IoU with an annotation, from which on a prediction is not another object


def box_disagreements(
    found: FoundBoxes, true: TrueBoxes, names: Sequence[str], habits: BoxHabits | None = None
) -> list[Disagreement]:
    """Where the annotated boxes of one image and a model disagree, best first.

    Args:
        found: Predicted boxes, also those of low scores.
        true: Annotated boxes.
        names: Names of the classes.
        habits: How often the model is right in this data set; if None, its scores are taken as probabilities.

    Returns:
        The disagreements.
    """
    habits = habits or UNMEASURED
    compared = compare_boxes(found, true, habits)
    doubts = [
        *wrong_matches(compared, names, habits),
        *missed_objects(compared, names),
        *spurious_boxes(compared, names, habits),
    ]
    return best_first([one for one in doubts if one.score >= LEAST_DOUBT])


def wrong_matches(compared: Compared, names: Sequence[str], habits: BoxHabits) -> list[Disagreement]:
    """Annotations whose object is elsewhere, or of another class."""
    supported = support(compared, habits)
    usual = habits.usual_overlap(compared.true_labels).tolist()
    found = []
    for j, i in compared.pairs.items():
        if not compared.required[j]:
            continue
        chance, shared = float(compared.chances[i]), float(compared.overlaps[i, j])
        given, ours = names[compared.true_labels[j]], names[compared.labels[i]]
        box = corners(compared.true_boxes[j])
        if given != ours:
            score = chance * min(1.0, shared / usual[j]) * (1 - float(supported[j]))
            found.append(wrong_class(score, chance, given, ours, box))
        elif shared < usual[j]:
            score = chance * min(1.0, (usual[j] - shared) / (usual[j] - FAR_OFF))
            found.append(misplaced(score, shared, given, box, corners(compared.boxes[i])))
    return found


def missed_objects(compared: Compared, names: Sequence[str]) -> list[Disagreement]:
    """Predictions where nothing is annotated."""
    found = []
    matched = set(compared.pairs.values())
    for i in np.flatnonzero(compared.shown).tolist():
        if i in matched:
            continue
        covered = float(compared.overlaps[i].max(initial=0.0))
        chance = float(compared.chances[i])
        score = chance * (1 - covered / SAME_OBJECT)
        found.append(missed(score, chance, names[compared.labels[i]], corners(compared.boxes[i])))
    return found


def spurious_boxes(compared: Compared, names: Sequence[str], habits: BoxHabits) -> list[Disagreement]:
    """Annotations where the model finds nothing, or that mark an object a second time."""
    among = overlap(compared.true_boxes, compared.true_boxes, np.zeros(len(compared.true_boxes), dtype=bool))
    np.fill_diagonal(among, 0.0)
    supported, recall = support(compared, habits), habits.recall(compared.true_labels)
    found = []
    for j in np.flatnonzero(compared.required).tolist():
        if j in compared.pairs:
            continue
        given, box = names[compared.true_labels[j]], corners(compared.true_boxes[j])
        twin = int(among[j].argmax()) if len(among) > 1 else j
        if among[j, twin] >= TWICE:
            score = float(among[j, twin] * recall[j])
            found.append(marked_twice(score, given, names[compared.true_labels[twin]], box))
        else:
            found.append(spurious(float((1 - supported[j]) * recall[j]), given, box))
    return found


def corners(box: np.ndarray) -> Corners:
    """A box as numbers."""
    x1, y1, x2, y2 = box.tolist()
    return x1, y1, x2, y2


def place_in_image(box: Corners) -> str:
    """Where a box is, in pixels."""
    return f"x {box[0]:.0f}–{box[2]:.0f}, y {box[1]:.0f}–{box[3]:.0f}"


def missed(score: float, chance: float, name: str, box: Corners) -> Disagreement:
    """An object without an annotation.

    Args:
        score: How likely it is a mistake.
        chance: How sure the model is of the object.
        name: Its class.
        box: Where it is.

    Returns:
        The disagreement.
    """
    en = f"{name} is not marked at {place_in_image(box)} (the model is {percent(chance)} sure of it)"
    ko = f"표시가 빠진 듯함: {name}, {place_in_image(box)} (모델의 확신 {percent(chance)})"
    return Disagreement(score, "missed", en, ko, box, predicted=name)


def spurious(score: float, name: str, box: Corners) -> Disagreement:
    """An annotation without an object."""
    en = f"{name} is marked at {place_in_image(box)}, where the model finds none"
    ko = f"없는 것을 표시한 듯함: {name}, {place_in_image(box)} (모델은 찾지 못함)"
    return Disagreement(score, "spurious", en, ko, box, given=name)


def wrong_class(score: float, chance: float, given: str, ours: str, box: Corners) -> Disagreement:
    """An annotation of another class than the prediction."""
    en = f"marked {given} at {place_in_image(box)}; the model says {ours} ({percent(chance)})"
    ko = f"클래스가 다른 듯함: 표시 {given}, 모델 {ours} ({percent(chance)}), {place_in_image(box)}"
    return Disagreement(score, "wrong_class", en, ko, box, given=given, predicted=ours)


def misplaced(score: float, shared: float, name: str, box: Corners, ours: Corners) -> Disagreement:
    """An annotation that is off the object."""
    en = f"{name} at {place_in_image(box)} is off; the model places it at {place_in_image(ours)} (IoU {shared:.2f})"
    ko = (
        f"위치가 어긋난 듯함: {name}, {place_in_image(box)}; 모델은 {place_in_image(ours)} (IoU {shared:.2f})"
    )
    return Disagreement(score, "misplaced", en, ko, box, given=name, predicted=name)


def marked_twice(score: float, given: str, twin: str, box: Corners) -> Disagreement:
    """Two annotations of one object."""
    as_other = f", the other time as {twin}" if twin != given else ""
    en = f"{given} at {place_in_image(box)} is marked twice{as_other}"
    ko = f"두 번 표시한 듯함: {given}{f'/{twin}' if twin != given else ''}, {place_in_image(box)}"
    return Disagreement(score, "duplicate", en, ko, box, given=given, predicted=twin)
