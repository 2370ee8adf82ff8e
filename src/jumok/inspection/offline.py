"""A look as one file that needs no server: the page with everything that it may ask."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from torch import Tensor

from jumok.errors import DataError
from jumok.inspection import details
from jumok.inspection.layers import Layer
from jumok.inspection.looking import Look
from jumok.inspection.show import LIMIT, packed_weights, page_of, weights_in
from jumok.inspection.uses import Use


@dataclass(frozen=True, eq=False)
class Packed:
    """A layer as `show` packs them."""

    layer: Layer

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.layer.shape

    def weights(self, example: int, head: int) -> Tensor:
        return self.layer[example, head].cpu()


@dataclass(frozen=True, eq=False)
class PackedUse:
    """A use of attention for the best answer, as `show` packs them."""

    use: Use

    @property
    def layers(self) -> list[Packed]:
        return [Packed(layer) for layer in self.use.layers(0)]

    @property
    def sides(self) -> tuple[int, int]:
        return self.layers[0].shape[2:]

    @property
    def heads(self) -> list[int]:
        return [layer.shape[1] for layer in self.layers]


def offline_page(look: Look) -> str:
    """One HTML file: all weights of the best answer, exact where they fit, and the checks of every answer."""
    groups: Any = {name: PackedUse(use) for name, use in look.uses.items()}
    size = sum(weights_in(group) for group in groups.values())
    packed = {
        name: packed_weights(group, 0, LIMIT * weights_in(group) // max(1, size))
        for name, group in groups.items()
    }
    kept: dict[str, Any] = {"packed": packed}
    for answer in range(look.answers if look.uses else 0):
        kept[f"/api/check?look=&answer={answer}"] = details.check(look, answer)
    for attention in look.uses:
        query = urlencode({"look": "", "answer": 0, "attention": attention})
        kept[f"/api/heads?{query}"] = details.heads(look, attention, 0)
    with suppress(DataError):  # nothing was searched for
        kept["/api/steps?look="] = details.steps(look)
    return page_of({**look.document(), "id": None}, kept)
