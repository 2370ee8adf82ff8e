"""What the examples of a part can tell, and what they ask for that the model cannot do."""

from jumok.dataset.split import Split
from jumok.errors import DataError


def require_evidence(split: Split, most: int) -> None:
    """DataError where nothing is marked in the `most` distinct inputs that evaluations answer, spread over the part."""
    if most >= len(split):
        return  # the whole part was looked at when it was prepared
    examples, _ = split.answers(most)
    for kind in split.outputs.values():
        if lack := kind.lacks(split.texts, split.rows[examples], learning=False):
            raise DataError(
                f"{split.files[0]}: {lack}, of the {most:,} of {len(split):,} that evaluations answer; "
                "raise training.evaluate_examples, or mark more"
            )


def excess(split: Split) -> str | None:
    """What a part asks for that the model cannot do."""
    found = (kind.excess(split.columns[name], split.rows) for name, kind in split.outputs.items())
    return next((sentence for sentence in found if sentence is not None), None)
