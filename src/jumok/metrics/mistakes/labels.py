"""Labels that a model doubts, by the self-confidence of confident learning (Northcutt et al., 2021).

A label is doubted where the model holds another class more probable; its score is one minus its probability. Where an
example may have several labels or none, each class is a question of its own: the score is the probability of the
opposite answer, and it is doubted above one half.
"""

from collections.abc import Sequence

import numpy as np

from jumok.metrics.labels import Label
from jumok.metrics.mistakes.disagreement import Disagreement, best_first, percent

EVEN_CHANCE = 0.5  # the score up to which a model leaves one of several labels


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
    if probabilities[other] <= probabilities[given]:
        return []
    chances = percent(probabilities[other]), percent(probabilities[given])
    return [
        Disagreement(
            1 - float(probabilities[given]),
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
    if score <= EVEN_CHANCE:
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
