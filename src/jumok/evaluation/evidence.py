"""Whether right answers have anything in them: a split in whose images nothing is marked teaches and judges nothing."""

from jumok.dataset.split import Split
from jumok.errors import DataError
from jumok.evaluation.answers import judges


def require_lessons(split: Split) -> None:
    """DataError unless some example of a split has something to learn."""
    for name, kind in split.outputs.items():
        texts = (split.text(name, example) for example in range(len(split)))
        if kind.evidence is not None and not any(
            kind.teaches(kind.right([text], split.root)) for text in texts
        ):
            raise DataError(
                f"{split.name}: none of its {len(split):,} images has {kind.evidence}, so there is nothing to learn; "
                f"mark some for {name!r}, or read annotations that have them"
            )


def require_judgement(split: Split, most: int | None) -> None:
    """DataError unless the best model can be chosen by a split, or by `most` inputs of it."""
    if judges(split, most):
        return
    some = f" that are scored ({most:,}, see training.evaluate_examples)" if most and judges(split) else ""
    ((name, kind),) = split.outputs.items()
    raise DataError(
        f"{split.name}: none of its images{some} has {kind.evidence} for {name!r}, so no best model can be chosen; "
        "mark some, or take them from train by data.split: {valid: 0.1}"
    )


def excesses(split: Split) -> list[str]:
    """What a split asks for that the model cannot do."""
    found = [kind.excess(split.columns[name], split.rows) for name, kind in split.outputs.items()]
    return [f"{split.name}: {sentence}" for sentence in found if sentence is not None]
