"""What all searches have in common: how they are called, and the check of their options."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from jumok.errors import ConfigurationError
from jumok.values import Decoder, Hypothesis, Memory


class Search(Protocol):
    """A search: from a memory to the answers of a decoder."""

    def __call__(
        self,
        decoder: Decoder,
        memory: Memory,
        bos: int,
        eos: int,
        limit: Tensor | int,
        numbers: Sequence[int] | None = None,
    ) -> list[list[Hypothesis]]:
        """Return the answers of each source, best first; the caller holds `torch.inference_mode`.

        Args:
            decoder: The decoder.
            memory: The memory of B sources.
            bos: The begin mark.
            eos: The end mark.
            limit: The most tokens of an answer without end mark, one number or one per source (B,). An answer that
                reaches it ends there, without an end mark.
            numbers: Index of each source in the whole job (B,), 0 to B-1 by default. Sampling draws by it, so that an
                answer does not depend on the batch.

        Returns:
            The answers of each source.
        """
        ...


def limits_of(limit: Tensor | int, memory: Memory) -> Tensor:
    """The limit of each source (B,), on the device of the memory."""
    limits = torch.as_tensor(limit, device=memory.states.device).expand(len(memory.states))
    if bool((limits < 1).any()):
        raise ConfigurationError(
            f"the limit must be at least one token; got limit={int(limits.min())}; raise the limit"
        )
    return limits


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
