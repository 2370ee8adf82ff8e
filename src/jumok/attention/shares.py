"""The shares of attention that parts of the keys get, such as the states of each of several inputs."""

from collections.abc import Iterable, Mapping

import torch

from jumok.attention.record import Recording


def attention_shares(
    maps: Recording, modules: Iterable[str], spans: Mapping[str, range]
) -> dict[str, dict[str, float]]:
    """The share of each module's attention that each span of keys gets: the mean over heads and queries.

    Args:
        maps: The recording of one example.
        modules: The modules; one whose keys are not all spans together is left out.
        spans: Keys by the name of what they are of, without gaps from the first to the last.

    Returns:
        By module and span.
    """
    found, keys = {}, max((span.stop for span in spans.values()), default=0)
    for module in modules:
        calls = [call for call in maps.all(module) if call.shape[0] == 1 and call.shape[3] == keys]
        if not calls:
            continue
        weights = torch.cat([call[0] for call in calls], dim=1)  # (H, T, S)
        mean = weights.mean((0, 1))  # (S,)
        found[module] = {name: float(mean[span.start : span.stop].sum()) for name, span in spans.items()}
    return found
