"""What every search has in common: what it is asked, how it is called, and the check of its options."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from jumok.errors import ConfigurationError
from jumok.values import Decoder, Hypothesis, Memory


class SearchRequest(NamedTuple):
    """What a search is asked of the sources in a memory."""

    bos: int  # the token that every answer begins with
    eos: int  # the token that ends one
    max_tokens: (
        Tensor | int
    )  # of the answer of each source (B,), the end mark not counted, or one number for all
    example_ids: Sequence[int] | None = None  # numbers of the sources in the whole job; None: 0 to B-1

    def limits(self, memory: Memory) -> Tensor:
        """The most tokens for each source (B,), on the device of the memory."""
        limits = torch.as_tensor(self.max_tokens, device=memory.states.device).expand(len(memory.states))
        if bool((limits < 1).any()):
            raise ConfigurationError(
                f"an answer must be allowed one token at least; got limit={int(limits.min())}; raise the limit"
            )
        return limits


class Search(Protocol):
    """A way from a memory to the answers of a decoder."""

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Give the answers of each source, best first.

        An answer that reaches `max_tokens` is closed as it stands, without an end mark. A search that draws at
        random keys its draws by `example_ids`, so that an answer does not depend on the batch that its source
        happens to stand in; others have no use for them. The caller holds `torch.inference_mode`.
        """
        ...


def require(met: bool, option: str, wanted: str, got: object) -> None:
    """Refuse an option of a search that is out of range."""
    if not met:
        raise ConfigurationError(f"{option} of the search must be {wanted}; got {option}={got}")


def require_tokens(banned: tuple[int, ...]) -> None:
    require(all(token >= 0 for token in banned), "banned", "token numbers, 0 or more", banned)
