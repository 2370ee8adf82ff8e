"""What all searches have in common: what they are asked, how they are called, and the check of their options."""

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
    """A search: from a memory to the answers of a decoder."""

    def __call__(self, decoder: Decoder, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Return the answers of each source, best first; the caller holds `torch.inference_mode`.

        An answer that reaches `max_tokens` ends there, without an end mark. Sampling draws by `example_ids`, so that
        an answer does not depend on the batch.
        """
        ...


def require(met: bool, option: str, wanted: str, got: object) -> None:
    """Check an option of a search.

    Args:
        met: Whether the option is valid.
        option: Name of the option.
        wanted: What is valid, for the message.
        got: The value.

    Raises:
        ConfigurationError: If it is not.
    """
    if not met:
        raise ConfigurationError(f"{option} of the search must be {wanted}; got {option}={got}")


def require_tokens(banned: tuple[int, ...]) -> None:
    """Check that banned tokens are valid token numbers; raises ConfigurationError."""
    require(all(token >= 0 for token in banned), "banned", "token numbers, 0 or more", banned)
