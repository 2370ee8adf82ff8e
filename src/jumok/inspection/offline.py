"""A look as one file that needs no server: the page with everything that it may ask."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from jumok.errors import DataError
from jumok.inspection import details
from jumok.inspection.looking import Look
from jumok.inspection.recorded import Group, Layer
from jumok.inspection.show import packed_weights, page_of, shares
from jumok.inspection.uses import Use


def offline_page(look: Look) -> str:
    """One HTML file: all weights of the best answer, exact where they fit, and the checks of every answer."""
    groups = [group_of(name, use) for name, use in look.uses.items()]
    most = shares(groups)
    packed = {group.id: packed_weights(group, 0, most[group.id]) for group in groups}
    kept: dict[str, Any] = {"packed": packed}
    for answer in range(look.answers if look.uses else 0):
        kept[f"/api/check?look=&answer={answer}"] = details.check(look, answer)
    for attention in look.uses:
        query = urlencode({"look": "", "answer": 0, "attention": attention})
        kept[f"/api/heads?{query}"] = details.heads(look, attention, 0)
    with suppress(DataError):  # nothing was searched for
        kept["/api/steps?look="] = details.steps(look)
    return page_of({**look.document(), "id": None}, kept)


def group_of(name: str, use: Use) -> Group:
    """A use of attention for the best answer, as `show` packs them."""
    return Group(name, use.use, [Layer(one.name, [one]) for one in use.layers(0)])  # type: ignore[list-item]
