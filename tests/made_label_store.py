"""Items in memory for a model to propose marks on, and models with fresh weights that do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jumok.labelling.contract import AnswerColumn
from jumok.labelling.proposing.proposer import Proposer
from jumok.predictor import Predictor
from made_predictors import WORDS, made, random_image

SIZES = ((90, 100), (150, 60), (64, 64), (90, 100))


class MadeStore:
    """Items in memory, as a proposer asks for them."""

    format, place, outlines = "memory", Path("memory"), False

    def __init__(
        self, kind: str, items: list[dict[str, Any]], names: tuple[str, ...] = (), columns: Any = ()
    ) -> None:
        self.kind, self.given, self.names, self.columns = kind, items, names, columns

    def classes(self) -> tuple[str, ...]:
        return self.names

    def inputs(self, key: str) -> Mapping[str, Any]:
        return self.given[int(key)]

    @property
    def keys(self) -> list[str]:
        return [str(number) for number in range(len(self.given))]


def photos() -> list[dict[str, Any]]:
    return [{"photo": random_image(*size)} for size in SIZES[:3]] + [
        {"photo": random_image(90, 100).rotate(180)}
    ]


def texts() -> list[dict[str, Any]]:
    words = WORDS.split()
    return [{"text": " ".join(words[first:last])} for first, last in ((0, 3), (4, 5), (1, 11), (2, 9))]


CASES = {
    "dense": ("objects", photos, ("red", "blue")),
    "queries": ("objects", photos, ("red", "blue")),
    "mask": ("mask", photos, ("red", "blue")),
    "transformer": ("values", texts, ()),
}


def case(name: str, predictor: Predictor | None = None) -> tuple[Proposer, MadeStore]:
    kind, items, names = CASES[name]
    columns = [AnswerColumn("said", "text")] if kind == "values" else []
    store = MadeStore(kind, items(), names, columns)
    return Proposer(predictor or made(name).with_least_score(0.001), store), store  # type: ignore[arg-type]
