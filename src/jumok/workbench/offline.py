"""An inspection as one file: the page with all data that it may request."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from jumok.errors import DataError
from jumok.inspection.inspect import Inspection
from jumok.workbench import details
from jumok.workbench.packing import packed_groups
from jumok.workbench.show import build_page


def offline_page(look: Inspection) -> str:
    """One HTML file: all weights of the best answer, exact where they fit, and the checks of every answer."""
    return build_page({**look.to_json(), "id": None}, kept_of(look))


def kept_of(look: Inspection) -> dict[str, Any]:
    """What a page without a server may ask, by its addresses; all weights as `packed`."""
    kept: dict[str, Any] = {"packed": packed_of(look)}
    for answer in range(look.answers if look.uses else 0):
        kept[f"/api/check?look=&answer={answer}"] = details.check(look, answer)
    for attention in look.uses:
        query = urlencode({"look": "", "answer": 0, "attention": attention})
        kept[f"/api/heads?{query}"] = details.heads(look, attention, 0)
    with suppress(DataError):  # nothing was searched for
        kept["/api/steps?look="] = details.steps(look)
    return kept


def packed_of(look: Inspection, answer: int = 0) -> dict[str, Any]:
    """All weights of one answer by attention, exact where they fit."""
    packed = packed_groups([use.of(answer) for use in look.uses.values()])
    return {name: weights | {"answer": answer} for name, weights in packed.items()}
