"""Searches: greedy search, beam search and sampling over a decoder's `start` and `step`."""

from jumok.search.beam import BeamSearch
from jumok.search.greedy import Greedy
from jumok.search.protocol import Search, SearchRequest
from jumok.search.sampling import Sampling

__all__ = ["BeamSearch", "Greedy", "Sampling", "Search", "SearchRequest"]
