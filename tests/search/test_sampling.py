"""Sampling draws what the softmax says, within top_k and top_p, and the same again for the same seed."""

import numpy as np
import pytest
import torch
from toy_decoder import BOS, EOS, VOCABULARY, ToyDecoder, one_source, toy_memory

from jumok.search import Greedy, Sampling, SearchRequest
from jumok.search.sampling import inverse_cdf, nucleus_edge

DRAWS = 4000


def first_tokens(search: Sampling, decoder: ToyDecoder, source: int = 0) -> np.ndarray:
    """How often each token stands first, by one search with many samples."""
    memory = one_source(toy_memory(3), source)
    [hypotheses] = search(decoder, memory, SearchRequest(BOS, EOS, 1))
    tokens = [hypothesis.tokens[0] if hypothesis.tokens else EOS for hypothesis in hypotheses]
    return np.bincount(tokens, minlength=VOCABULARY)


def first_probabilities(decoder: ToyDecoder, temperature: float = 1.0, source: int = 0) -> np.ndarray:
    memory = one_source(toy_memory(3), source)
    logits, _ = decoder.step(torch.tensor([BOS]), decoder.start(memory))
    return (logits[0] / temperature).softmax(-1).numpy()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_frequencies_are_those_of_the_softmax(temperature: float) -> None:
    decoder = ToyDecoder(sharpness=0.5)
    counts = first_tokens(Sampling(temperature, samples=DRAWS, seed=11), decoder)
    expected = DRAWS * first_probabilities(decoder, temperature)
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 22.46  # the 0.999 quantile with 6 degrees of freedom


@pytest.mark.parametrize("k", [1, 3, 7, 50])
def test_top_k_draws_all_of_the_best_k_and_nothing_else(k: int) -> None:
    decoder = ToyDecoder(sharpness=0.5)
    counts = first_tokens(Sampling(top_k=k, samples=DRAWS), decoder)
    best = set(np.argsort(-first_probabilities(decoder))[:k].tolist())
    assert set(np.flatnonzero(counts).tolist()) == best


@pytest.mark.parametrize("p", [0.01, 0.3, 0.6, 0.9, 1.0])
def test_top_p_draws_the_smallest_set_that_holds_p(p: float) -> None:
    decoder = ToyDecoder(sharpness=0.5)
    counts = first_tokens(Sampling(top_p=p, samples=DRAWS), decoder)
    probabilities = first_probabilities(decoder)
    order = np.argsort(-probabilities)
    size = int((np.cumsum(probabilities[order]) < p - 1e-12).sum()) + 1
    assert set(np.flatnonzero(counts).tolist()) == set(order[:size].tolist())


def test_top_p_counts_within_top_k() -> None:
    decoder = ToyDecoder(sharpness=0.2)
    probabilities = np.sort(first_probabilities(decoder))[::-1]
    share = float(probabilities[:2].sum() / probabilities[:3].sum())
    counts = first_tokens(Sampling(top_k=3, top_p=share - 1e-6, samples=DRAWS), decoder)
    assert (counts > 0).sum() == 2


@pytest.mark.parametrize("share", [0.2, 0.9, 0.999, 0.99999])
def test_the_nucleus_of_a_large_vocabulary_is_that_of_a_full_sort(share: float) -> None:
    draw = torch.Generator().manual_seed(0)
    spread = torch.tensor([[0.0], [0.5], [2.0], [6.0]], dtype=torch.float64)
    logits = spread * torch.randn(4, 1500, generator=draw, dtype=torch.float64)
    ordered = logits.softmax(-1).sort(-1, descending=True).values
    sizes = ((ordered.cumsum(-1) < share).sum(-1) + 1).clamp(max=1500)
    inside = (logits >= nucleus_edge(logits, share)).sum(-1)
    assert inside[0] == 1500  # all tie, all are kept
    assert torch.equal(inside[1:], sizes[1:])
    for row in range(1, 4):
        assert torch.equal(nucleus_edge(logits, share)[row], nucleus_edge(logits[row : row + 1], share)[0])


@pytest.mark.parametrize("temperature", [1e-4, 1e-30, 1e-320])
def test_a_temperature_near_zero_is_greedy(temperature: float) -> None:
    decoder, memory = ToyDecoder(), toy_memory(10)
    cold = Sampling(temperature)(decoder, memory, SearchRequest(BOS, EOS, 12))
    for [ours], [greedy] in zip(cold, Greedy()(decoder, memory, SearchRequest(BOS, EOS, 12)), strict=True):
        assert ours.tokens == greedy.tokens
        assert ours.score == pytest.approx(greedy.score)


def test_the_seed_decides() -> None:
    decoder, memory = ToyDecoder(sharpness=0.3), toy_memory(4)
    answers = [
        Sampling(seed=seed)(decoder, memory, SearchRequest(BOS, EOS, 12)) for seed in (1, 1, 2, 2**64 - 1)
    ]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2] != answers[3]


def test_samples_and_equal_sources_differ_by_their_numbers_only() -> None:
    decoder = ToyDecoder(sharpness=0.3)
    memory = one_source(toy_memory(1), 0)
    twice = type(memory)(*(torch.cat([part, part]) for part in memory[:3]))
    [first, second] = Sampling(seed=1)(decoder, twice, SearchRequest(BOS, EOS, 20, [4, 9]))
    assert first != second
    [first, second] = Sampling(seed=1)(decoder, twice, SearchRequest(BOS, EOS, 20, [4, 4]))
    assert first == second
    [samples] = Sampling(seed=1, samples=5)(decoder, memory, SearchRequest(BOS, EOS, 20, [4]))
    assert len({tuple(hypothesis.tokens) for hypothesis in samples}) == 5
    assert first[0] in samples  # more samples are added ones


def test_samples_that_have_ended_leave() -> None:
    decoder = ToyDecoder(sharpness=0.3)
    [samples] = Sampling(samples=40)(decoder, toy_memory(1), SearchRequest(BOS, EOS, 12))
    steps = [min(len(hypothesis.tokens) + 1, 12) for hypothesis in samples]
    assert decoder.rows == [1] + [sum(taken > step for taken in steps) for step in range(1, max(steps))]


def test_a_longer_limit_goes_on_from_the_same_tokens() -> None:
    decoder, memory = ToyDecoder(sharpness=0.1), toy_memory(1)
    search = Sampling(seed=2, forbidden_tokens=(EOS,))
    [[long]] = search(decoder, memory, SearchRequest(BOS, EOS, 150))
    [[short]] = search(decoder, memory, SearchRequest(BOS, EOS, 70))
    assert long.tokens[:70] == short.tokens
    assert long.tokens[64:128] != long.tokens[:64]  # a new block of uniform numbers, not the old one again


def test_each_source_needs_a_number() -> None:
    with pytest.raises(ValueError, match="3 sources need as many numbers; got 2"):
        Sampling()(ToyDecoder(), toy_memory(3), SearchRequest(BOS, EOS, 5, [0, 1]))


def test_the_edges_of_the_uniform_interval_stay_within_what_can_be_drawn() -> None:
    weights = torch.tensor([[0.0, 0.3, 0.0, 0.7, 0.0, 0.0]] * 2, dtype=torch.float64)
    largest = 1 - 2**-53
    assert inverse_cdf(weights, torch.tensor([0.0, largest], dtype=torch.float64)).tolist() == [1, 3]
    single = torch.rand(500, 9, generator=torch.Generator().manual_seed(0))
    single[:, 4:] = 0
    assert (inverse_cdf(single, torch.full((500,), largest, dtype=torch.float64)) == 3).all()
