"""What a recording saw of an answer in a search is what one pass over that answer sees."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close
from toy_decoder import BOS as TOY_BOS
from toy_decoder import EOS as TOY_EOS
from toy_decoder import ToyDecoder, toy_memory

import jumok
from jumok import RunError
from jumok.model import EncoderDecoder
from jumok.search import BeamSearch, Greedy, Sampling, SearchRequest
from jumok.search.tracing import SearchTrace, TracedSearch
from jumok.values import Memory
from small_models import WRITABLE, padded, small_model

BOS, EOS, LIMIT = 1, 2, 7
MODELS = [
    ("transformer-sinusoidal", "transformer-rotary"),
    ("transformer-learned", "transformer-learned"),
    ("gru-both", "gru-additive"),
    ("lstm", "lstm-dot"),
]
SEARCHES = [
    Greedy(),
    BeamSearch(beam=4, best=3),
    BeamSearch(beam=3, best=3, length_penalty=0.0, forbidden_tokens=(0, BOS)),
    Sampling(samples=3, temperature=1.5, seed=3, forbidden_tokens=(0,)),
]


def searched(model: EncoderDecoder, search) -> tuple[SearchTrace, jumok.Recording, Memory]:
    """Three sources of different lengths, some of whose answers end early."""
    source = padded([5, 3, 6], 11)
    request = SearchRequest(BOS, EOS, torch.tensor([LIMIT, 3, LIMIT]))
    with torch.inference_mode():
        memory = model.encode({"source": source}).joined
        followed = TracedSearch(search, search.forbidden_tokens)
        with jumok.record(model) as maps:
            answers = followed(model.decoders["target"], memory, request)
        assert answers == search(model.decoders["target"], memory, request)
    return followed.traces[0], maps, memory


def made(names: tuple[str, str]) -> EncoderDecoder:
    """A model that ends some of its answers early."""
    model = small_model(*names)
    model.decoders["target"].output.bias.data[EOS] += 1.0
    return model


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
@pytest.mark.parametrize("names", MODELS, ids=lambda names: names[1])
@pytest.mark.parametrize("seed", range(2))
def test_a_search_looks_where_one_pass_does(names, search, seed):
    torch.manual_seed(seed)
    model = made(names)
    walk, maps, memory = searched(model, search)
    for source, answers in enumerate(walk.answers):
        for rank in range(len(answers)):
            tokens = torch.tensor([walk.read(source, rank)])
            one = Memory(*(part[source : source + 1] for part in memory[:3]))
            with torch.no_grad(), jumok.record(model) as forced:
                model.decoders["target"](tokens, one)
            for name in maps:
                for head in range(maps.all(name)[0].shape[1]):
                    found = walk.weights(maps.all(name), head, source, rank)
                    passes = [call[0, head] for call in forced.all(name)]
                    assert_close(found, torch.cat(passes), atol=1e-6, rtol=0)


def toy_walk(search) -> SearchTrace:
    """What a search did with four sources of a decoder that hesitates."""
    followed = TracedSearch(search, search.forbidden_tokens)
    followed(ToyDecoder(sharpness=1.0), toy_memory(4), SearchRequest(TOY_BOS, TOY_EOS, 6))
    return followed.traces[0]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_scores_of_the_living_are_those_of_the_search(search):
    walk = toy_walk(search)
    for source, answers in enumerate(walk.answers):
        for rank, answer in enumerate(answers):
            steps = walk.living(source, rank)
            said = walk.tokens_of(source, rank)
            for length, beams in enumerate(steps, start=1):
                chosen = [one for one in beams if one.chosen]
                assert all(len(one.tokens) == length for one in beams)
                assert bool(chosen) == (length < len(said)), (said, steps)
                if length > 1:
                    parents = [steps[length - 2][one.parent].tokens for one in beams]
                    assert parents == [one.tokens[:-1] for one in beams]
            if answer.tokens and len(said) > 1:
                last = next(one for one in steps[len(said) - 2] if one.chosen)
                assert last.log_probability > answer.log_probability


def test_beams_are_told_step_by_step():
    decoder, memory = ToyDecoder(), toy_memory(1)
    followed = TracedSearch(BeamSearch(beam=3))
    followed(decoder, memory, SearchRequest(TOY_BOS, TOY_EOS, 5))
    first, second = followed.traces[0].living(0)[:2]
    assert len(first) == 3 and {one.parent for one in first} == {0}
    assert [one.log_probability for one in first] == sorted(
        (one.log_probability for one in first), reverse=True
    )
    assert all(second[i].tokens[0] == first[second[i].parent].tokens[0] for i in range(len(second)))


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_a_course_ends_with_every_answer(search):
    walk = toy_walk(search)
    for source, answers in enumerate(walk.answers):
        steps = walk.beam_history(source)
        for rank, answer in enumerate(answers):
            said = walk.tokens_of(source, rank)
            ends = [one for one in steps[len(said) - 1] if one.tokens == said]
            assert any(one.log_probability == answer.log_probability for one in ends)
        chosen = [[one.chosen for one in beams] for beams in steps]
        assert all(any(beams) for beams in chosen[: len(walk.tokens_of(source))])
        for before, after in zip(steps, steps[1:], strict=False):
            assert all(before[one.parent].tokens == one.tokens[:-1] for one in after)


def test_calls_of_something_else_are_refused():
    walk, maps, _ = searched(made(MODELS[0]), Greedy())
    name = maps.names[0]
    with pytest.raises(RunError, match=r"steps, but 1 call was given; record one search at a time"):
        walk.weights(maps.all(name)[:1], 0, 0)


def test_the_answers_of_a_bottleneck_can_be_followed_too():
    model: nn.Module = small_model("gru", "gru-none")
    walk, maps, _ = searched(model, BeamSearch(beam=2))
    assert not maps.names and len(walk.rows(0)) == len(walk.tokens_of(0))
    assert all(token < WRITABLE for token in walk.tokens_of(0))
