"""Whether right answers have anything in them: images in which nothing is marked teach nothing and judge nobody."""

from collections.abc import Mapping

from jumok.data.faults import Fault
from jumok.dataset.split import Split
from jumok.errors import DataError


def evidence_faults(splits: Mapping[str, Split], most: int | None = None) -> list[Fault]:
    """What stands against training on these parts: nothing to learn in train, or nothing to judge by in valid.

    Of the valid part `most` distinct inputs are looked at, where that is given.
    """
    faults = []
    train, valid = splits.get("train"), splits.get("valid")
    if train is not None and not teaches(train):
        faults.append(fault(train, "so there is nothing to learn", "mark some"))
    if valid is not None and not judges(valid, most):
        some = "" if most is None or not judges(valid) else f" of the {most:,} that evaluations answer"
        remedy = "mark some, or take valid from train by data.split: {valid: 0.1}"
        faults.append(fault(valid, f"so no best model can be chosen by it{some}", remedy))
    return faults


def require_evidence(splits: Mapping[str, Split], most: int | None = None) -> None:
    """DataError where something stands against training on these parts."""
    if faults := evidence_faults(splits, most):
        raise DataError(str(faults[0]))


def teaches(split: Split) -> bool:
    """Whether some example has something to learn."""
    return all(
        any(kind.teaches(kind.right([split.text(name, i)], split.root)) for i in range(len(split)))
        for name, kind in split.outputs.items()
        if kind.evidence is not None
    )


def judges(split: Split, most: int | None = None) -> bool:
    """Whether scores mean something on a split, or on `most` distinct inputs of it."""
    for name, kind in split.outputs.items():
        if kind.evidence is not None:
            _, answers = split.answers(most)
            if not any(kind.judges(kind.right(right[name], split.root)) for right in answers):
                return False
    return True


def nothing_to_judge(split: Split) -> str:
    """The sentence for a split that judges nobody."""
    return str(fault(split, "so nothing can be scored on it", "mark some, or score another part"))


def fault(split: Split, consequence: str, remedy: str) -> Fault:
    wanted = next(kind.evidence for kind in split.outputs.values() if kind.evidence is not None)
    problem = f"none of the {len(split):,} images of {split.name} has {wanted}, {consequence}"
    return Fault(str(split.files[0]), None, problem, remedy, "nothing_marked")


def excess(split: Split) -> str | None:
    """What a split asks for that the model cannot do."""
    found = (kind.excess(split.columns[name], split.rows) for name, kind in split.outputs.items())
    return next((sentence for sentence in found if sentence is not None), None)
