"""Labels that a model doubts: the normalized margin of confident learning (Northcutt et al., 2021).

The score of a label is (1 + p(other) - p(given)) / 2, where `other` is the most probable class beside the given one:
1/2 where two classes are as likely, 1 where the model is sure of another class; up to 1/2 the model agrees. Where an
example may have several labels or none, each class is a question of its own, and `other` is the opposite answer.
"""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.labels import Label
from jumok.metrics.mistakes.disagreement import Disagreement, best_first, percent

AGREEMENT = 0.5  # the score up to which the model holds the label the most probable one


def label_disagreements(
    probabilities: np.ndarray, label: Label, names: Sequence[str], several: bool = False
) -> list[Disagreement]:
    """Where the label of one example and a model disagree, best first.

    Args:
        probabilities: Of each class (C,).
        label: The annotated classes by number; one of them, unless there may be several.
        names: Names of the classes.
        several: Whether an example may have several classes, or none.

    Returns:
        At most one disagreement of a single label; of several labels, one for each class that the model would change.
    """
    if several:
        return best_first(
            [
                one
                for number in range(len(names))
                if (one := doubted_class(probabilities, number, number in label, names)) is not None
            ]
        )
    if not label or len(names) < 2:
        return []
    (given,) = label
    others = np.delete(probabilities, given)
    other = int(np.argmax(others)) + int(np.argmax(others) >= given)
    score = float(1 + probabilities[other] - probabilities[given]) / 2
    if score <= AGREEMENT:
        return []
    chances = percent(probabilities[other]), percent(probabilities[given])
    return [
        Disagreement(
            score,
            "label",
            f"labelled {names[given]!r} ({chances[1]}); the model says {names[other]!r} ({chances[0]})",
            f"라벨은 {names[given]!r} ({chances[1]}), 모델의 답은 {names[other]!r} ({chances[0]})",
            given=names[given],
            predicted=names[other],
        )
    ]


def doubted_class(
    probabilities: np.ndarray, number: int, has_it: bool, names: Sequence[str]
) -> Disagreement | None:
    """One class of several that the model would add or take away; None where it would leave it.

    Args:
        probabilities: Of each class (C,).
        number: The class.
        has_it: Whether the example is annotated with it.
        names: Names of the classes.

    Returns:
        The disagreement; its score is the probability that the annotation is wrong.
    """
    score = float(1 - probabilities[number] if has_it else probabilities[number])
    if score <= AGREEMENT:
        return None
    name, chance = names[number], percent(score)
    if has_it:
        en, ko = (
            f"labelled {name!r}; the model says it is not ({chance})",
            f"{name!r} 라벨이 잘못된 듯함 ({chance})",
        )
        return Disagreement(score, "label", en, ko, given=name)
    en, ko = (
        f"not labelled {name!r}; the model says it is ({chance})",
        f"{name!r} 라벨이 빠진 듯함 ({chance})",
    )
    return Disagreement(score, "label", en, ko, predicted=name)
