"""What every search has in common: how it is called, and the check of its options."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from jumok.errors import ConfigurationError
from jumok.values import Decoder, Hypothesis, Memory


class Search(Protocol):
    """A way from a memory to the answers of a decoder."""

    def __call__(
        self,
        decoder: Decoder,
        memory: Memory,
        bos: int,
        eos: int,
        limit: Tensor | int,
        numbers: Sequence[int] | None = None,
    ) -> list[list[Hypothesis]]:
        """Give the answers of each source, best first.

        `limit` (B,) or one number: the most tokens of an answer, the end mark not counted. An answer that
        reaches it is closed as it stands, without an end mark. `numbers`: the number of each source in the
        whole job (0 to B-1 when not given); a search that draws at random keys its draws by it, so that an
        answer does not depend on the batch that its source happens to stand in; others have no use for it.
        The caller holds `torch.inference_mode`.
        """
        ...


def limits_of(limit: Tensor | int, memory: Memory) -> Tensor:
    """The limit of each source (B,), on the device of the memory."""
    limits = torch.as_tensor(limit, device=memory.states.device).expand(len(memory.states))
    if bool((limits < 1).any()):
        raise ConfigurationError(
            f"an answer must be allowed one token at least; got limit={int(limits.min())}; raise the limit"
        )
    return limits


def require(met: bool, option: str, wanted: str, got: object) -> None:
    """Refuse an option of a search that is out of range."""
    if not met:
        raise ConfigurationError(f"{option} of the search must be {wanted}; got {option}={got}")


def require_tokens(banned: tuple[int, ...]) -> None:
    """Check that banned tokens are valid token numbers; raises ConfigurationError."""
    require(all(token >= 0 for token in banned), "banned", "token numbers, 0 or more", banned)
