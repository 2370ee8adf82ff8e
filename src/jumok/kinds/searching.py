"""From the options under `decoding:` to a search."""

from typing import TYPE_CHECKING

from jumok.search import BeamSearch, Greedy, Sampling, Search

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions


def build_search(options: "DecodingOptions", banned: tuple[int, ...]) -> Search:
    """The search that the options ask for."""
    if options.method == "greedy":
        return Greedy(banned)
    if options.method == "beam":
        return BeamSearch(max(options.beam, options.best), options.length_penalty, options.best, banned)
    return Sampling(options.temperature, options.top_k, options.top_p, options.best, options.seed, banned)
