"""What holds for every search: a batch equals its rows, scores are true, limits hold, the finished leave."""

import math
from itertools import pairwise

import pytest
import torch
from toy_decoder import BOS, EOS, VOCABULARY, ToyDecoder, one_source, rescore, toy_memory

from jumok.errors import ConfigurationError, RunError
from jumok.search import BeamSearch, Greedy, Sampling, Search, SearchRequest, scoring
from jumok.values import Hypothesis, Memory

SEARCHES = [
    Greedy(),
    Greedy(forbidden_tokens=(BOS, 3)),
    BeamSearch(beam=1),
    BeamSearch(beam=4, best=4),
    BeamSearch(beam=3, best=2, length_penalty=0.0, forbidden_tokens=(BOS,)),
    BeamSearch(beam=20, best=20, length_penalty=0.6),
    Sampling(seed=3),
    Sampling(samples=3, temperature=0.7, top_k=4, top_p=0.9, seed=5, forbidden_tokens=(BOS,)),
    Sampling(samples=6, temperature=2.0, seed=1),
]
every_search = pytest.mark.parametrize("search", SEARCHES, ids=str)


def texts(answers: list[list[Hypothesis]]) -> list[list[list[int]]]:
    return [[hypothesis.tokens for hypothesis in source] for source in answers]


def scores(answers: list[list[Hypothesis]]) -> list[list[float]]:
    return [[hypothesis.score for hypothesis in source] for source in answers]


@every_search
def test_a_batch_equals_its_rows(search: Search) -> None:
    decoder, memory = ToyDecoder(), toy_memory(9)
    limits = torch.tensor([4, 12, 1, 7, 12, 3, 9, 12, 2])
    numbers = [30, 7, 11, 2, 5, 100, 8, 9, 12]
    whole = search(decoder, memory, SearchRequest(BOS, EOS, limits, numbers))
    for row in range(9):
        [alone] = search(
            decoder, one_source(memory, row), SearchRequest(BOS, EOS, int(limits[row]), [numbers[row]])
        )
        assert [h.tokens for h in alone] == texts(whole)[row]
        assert [h.score for h in alone] == pytest.approx(scores(whole)[row])


@every_search
def test_scores_are_those_of_the_tokens(search: Search) -> None:
    decoder, memory, limit = ToyDecoder(seed=4), toy_memory(6, seed=1), 8
    answers = search(decoder, memory, SearchRequest(BOS, EOS, limit))
    penalty = search.length_penalty if isinstance(search, BeamSearch) else 1.0
    endings = set()
    for row, hypotheses in enumerate(answers):
        for tokens, score, total in hypotheses:
            ends = len(tokens) < limit
            endings.add(ends)
            expected = rescore(decoder, one_source(memory, row), tokens, ends, search.forbidden_tokens)
            assert total == pytest.approx(expected)
            assert score == pytest.approx(expected / (len(tokens) + ends) ** penalty)
    assert True in endings


@every_search
def test_best_first_and_as_many_as_asked(search: Search) -> None:
    answers = search(ToyDecoder(), toy_memory(5), SearchRequest(BOS, EOS, 10))
    wanted = {Greedy: lambda s: 1, BeamSearch: lambda s: s.best, Sampling: lambda s: s.samples}
    for hypotheses in answers:
        assert len(hypotheses) == wanted[type(search)](search)
        assert all(first.score >= second.score for first, second in pairwise(hypotheses))
        assert all(EOS not in hypothesis.tokens for hypothesis in hypotheses)
        assert not {token for h in hypotheses for token in h.tokens} & set(search.forbidden_tokens)


@every_search
def test_no_answer_is_longer_than_its_limit(search: Search) -> None:
    decoder, memory = ToyDecoder(sharpness=0.3), toy_memory(5)
    limits = torch.tensor([1, 2, 3, 5, 8])
    answers = search(decoder, memory, SearchRequest(BOS, EOS, limits))
    for hypotheses, limit in zip(answers, limits.tolist(), strict=True):
        assert all(len(hypothesis.tokens) <= limit for hypothesis in hypotheses)
    assert len(decoder.rows) <= 8


@every_search
def test_the_first_step_runs_once_per_source_and_finished_sources_leave(search: Search) -> None:
    decoder, memory = ToyDecoder(sharpness=0.1), toy_memory(6)
    search(decoder, memory, SearchRequest(BOS, EOS, torch.tensor([1, 2, 2, 3, 3, 9])))
    together = decoder.rows
    assert together[0] == 6
    alone = []
    for row, limit in enumerate([1, 2, 2, 3, 3, 9]):
        decoder.rows = []
        search(decoder, one_source(memory, row), SearchRequest(BOS, EOS, limit, [row]))
        alone.append(decoder.rows)
        assert len(decoder.rows) <= limit
    for step, rows in enumerate(together):
        here = [steps[step] for steps in alone if step < len(steps)]
        assert rows == len(here) * max(
            here
        )  # nothing for sources that are done, the same width for all others


@every_search
def test_chunks_change_nothing(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder, memory = ToyDecoder(), toy_memory(7)
    whole = search(decoder, memory, SearchRequest(BOS, EOS, 9))
    monkeypatch.setattr(scoring, "CHUNK_LOGITS", 2 * VOCABULARY + 1)
    assert search(decoder, memory, SearchRequest(BOS, EOS, 9)) == whole


@every_search
def test_no_sources_no_answers(search: Search) -> None:
    assert search(ToyDecoder(), toy_memory(0), SearchRequest(BOS, EOS, 5)) == []


@every_search
def test_a_model_with_broken_weights_is_refused(search: Search) -> None:
    decoder = ToyDecoder()
    decoder.out[0, 2] = math.nan
    with pytest.raises(RunError, match="NaN"):
        search(decoder, toy_memory(2), SearchRequest(BOS, EOS, 5))


@every_search
def test_half_precision_is_summed_in_full(search: Search) -> None:
    half, full = ToyDecoder(), ToyDecoder()
    half.dtype = torch.bfloat16
    memory = toy_memory(3)
    for [first, *_] in search(half, memory, SearchRequest(BOS, EOS, 6)):
        assert first.log_probability != torch.tensor(first.log_probability).bfloat16().item()
    for row, [first, *_] in enumerate(search(half, memory, SearchRequest(BOS, EOS, 6))):
        expected = rescore(
            full, one_source(memory, row), first.tokens, len(first.tokens) < 6, search.forbidden_tokens
        )
        assert first.log_probability == pytest.approx(expected, abs=0.3)


@every_search
def test_the_logits_of_the_decoder_stay_as_they_are(search: Search) -> None:
    table = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    before = table.clone()

    class Row:
        def select(self, rows: torch.Tensor, sources: torch.Tensor | None) -> "Row":
            return self

    class TableDecoder:
        def start(self, memory: Memory) -> Row:
            return Row()

        def step(self, token: torch.Tensor, state: Row) -> tuple[torch.Tensor, Row]:
            return table[token[0]].expand(len(token), -1), state

    search(TableDecoder(), toy_memory(1), SearchRequest(BOS, EOS, 3))
    assert torch.equal(table, before)


@pytest.mark.parametrize("limit", [0, -3, torch.tensor([4, 0])])
def test_a_limit_below_one_is_refused(limit: torch.Tensor | int) -> None:
    with pytest.raises(ConfigurationError, match="one token"):
        Greedy()(ToyDecoder(), toy_memory(2), SearchRequest(BOS, EOS, limit))


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda: BeamSearch(beam=0), "beam"),
        (lambda: BeamSearch(beam=2, best=3), "best"),
        (lambda: BeamSearch(best=0), "best"),
        (lambda: BeamSearch(length_penalty=-1.0), "length_penalty"),
        (lambda: BeamSearch(length_penalty=math.nan), "length_penalty"),
        (lambda: Sampling(temperature=0.0), "temperature"),
        (lambda: Sampling(temperature=math.inf), "temperature"),
        (lambda: Sampling(top_k=0), "top_k"),
        (lambda: Sampling(top_p=0.0), "top_p"),
        (lambda: Sampling(top_p=1.1), "top_p"),
        (lambda: Sampling(samples=0), "samples"),
        (lambda: Sampling(seed=-1), "seed"),
        (lambda: Greedy(forbidden_tokens=(-1,)), "banned"),
    ],
)
def test_options_out_of_range_are_refused(make, option: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{option} of the search must be .*; got {option}="):
        make()


@pytest.mark.parametrize(
    ("banned", "message"), [((2, 7), "not in the vocabulary"), (tuple(range(7)), "all 7")]
)
def test_banned_tokens_that_do_not_fit_the_vocabulary_are_refused(banned, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Greedy(forbidden_tokens=banned)(ToyDecoder(), toy_memory(1), SearchRequest(BOS, EOS, 3))
