"""Beam search finds what exhaustive search finds, and is greedy with a beam of one."""

from itertools import product

import pytest
import torch
from toy_decoder import BOS, EOS, ToyDecoder, one_source, rescore, toy_memory

from jumok.search import BeamSearch, Greedy, SearchRequest
from jumok.values import Hypothesis


def all_answers(decoder, memory, vocabulary: int, limit: int, penalty: float) -> list[Hypothesis]:
    """Every answer there is, best first, scored one by one."""
    words = [token for token in range(vocabulary) if token != EOS]
    found = []
    for length in range(limit + 1):
        ends = length < limit
        for tokens in product(words, repeat=length):
            total = rescore(decoder, memory, list(tokens), ends)
            found.append(Hypothesis(list(tokens), total / (length + ends) ** penalty, total))
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_wide_beam_finds_the_best_of_all(penalty: float, seed: int) -> None:
    vocabulary, limit, beam = 4, 4, 130
    decoder, memory = ToyDecoder(vocabulary, seed), toy_memory(2, seed)
    answers = BeamSearch(beam, penalty, best=5)(decoder, memory, SearchRequest(BOS, EOS, limit))
    for row in range(2):
        expected = all_answers(decoder, one_source(memory, row), vocabulary, limit, penalty)[:5]
        assert [h.tokens for h in answers[row]] == [h.tokens for h in expected]
        assert [h.score for h in answers[row]] == pytest.approx([h.score for h in expected])


def plain_beam_search(decoder, memory, beam: int, penalty: float, limit: int) -> list[Hypothesis]:
    """The definition, for one source, hypothesis by hypothesis."""
    living, finished = [([], 0.0, BOS, decoder.start(memory))], []
    for length in range(1, limit + 1):
        candidates = []
        for tokens, total, last, state in living:
            logits, after = decoder.step(torch.tensor([last]), state)
            gains = enumerate(logits.log_softmax(-1)[0].tolist())
            candidates += [(total + gain, tokens, token, after) for token, gain in gains]
        candidates = sorted(candidates, key=lambda candidate: -candidate[0])[: 2 * beam]
        living = []
        for rank, (total, tokens, token, after) in enumerate(candidates):
            if token == EOS and rank < beam:
                finished.append(Hypothesis(tokens, total / length**penalty, total))
            elif token != EOS and len(living) < beam:
                living.append(([*tokens, token], total, token, after))
        if length == limit:
            finished += [Hypothesis(tokens, total / length**penalty, total) for tokens, total, *_ in living]
        finished.sort(key=lambda hypothesis: -hypothesis.score)
        if len(finished) >= beam and living[0][1] / length**penalty <= finished[beam - 1].score:
            break
    return finished[:beam]


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("beam", [1, 2, 3, 5])
def test_a_batch_of_beams_is_the_plain_algorithm(beam: int, penalty: float, sharpness: float) -> None:
    decoder, memory = ToyDecoder(sharpness=sharpness), toy_memory(12)
    answers = BeamSearch(beam, penalty, best=beam)(decoder, memory, SearchRequest(BOS, EOS, 10))
    for row, hypotheses in enumerate(answers):
        expected = plain_beam_search(decoder, one_source(memory, row), beam, penalty, 10)
        assert [h.tokens for h in hypotheses] == [h.tokens for h in expected]
        assert [h.score for h in hypotheses] == pytest.approx([h.score for h in expected])


@pytest.mark.parametrize("banned", [(), (BOS, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed: int, banned: tuple[int, ...]) -> None:
    decoder, memory = ToyDecoder(seed=seed), toy_memory(20, seed)
    limits = torch.randint(1, 15, (20,), generator=torch.Generator().manual_seed(seed))
    ours = BeamSearch(1, forbidden_tokens=banned)(decoder, memory, SearchRequest(BOS, EOS, limits))
    theirs = Greedy(banned)(decoder, memory, SearchRequest(BOS, EOS, limits))
    assert [[h.tokens for h in source] for source in ours] == [
        [h.tokens for h in source] for source in theirs
    ]
    for [mine], [other] in zip(ours, theirs, strict=True):
        assert mine.score == pytest.approx(other.score)
        assert mine.log_probability == pytest.approx(other.log_probability)


def test_greedy_takes_the_most_probable_token() -> None:
    decoder, memory = ToyDecoder(seed=2), toy_memory(4)
    for row, [answer] in enumerate(Greedy()(decoder, memory, SearchRequest(BOS, EOS, 9))):
        state, token, tokens = decoder.start(one_source(memory, row)), BOS, []
        while len(tokens) < 9:
            logits, state = decoder.step(torch.tensor([token]), state)
            token = int(logits.argmax())
            if token == EOS:
                break
            tokens.append(token)
        assert answer.tokens == tokens


@pytest.mark.parametrize("beam", [2, 5, 9])
def test_the_best_answers_differ(beam: int) -> None:
    for hypotheses in BeamSearch(beam, best=beam)(ToyDecoder(), toy_memory(8), SearchRequest(BOS, EOS, 6)):
        assert len({tuple(hypothesis.tokens) for hypothesis in hypotheses}) == len(hypotheses) == beam


def test_a_wider_beam_finds_better_answers() -> None:
    decoder, memory = ToyDecoder(sharpness=1.0), toy_memory(40)
    found = [BeamSearch(beam, 0.0)(decoder, memory, SearchRequest(BOS, EOS, 6)) for beam in (1, 3, 30)]
    means = [sum(source[0].score for source in answers) / 40 for answers in found]
    assert means[0] < means[1] < means[2]


@pytest.mark.parametrize("vocabulary", [2, 3])
@pytest.mark.parametrize("beam", [1, 2, 5, 40])
def test_tiny_vocabularies_give_all_that_there_is(vocabulary: int, beam: int) -> None:
    decoder, memory, limit = ToyDecoder(vocabulary), toy_memory(3), 3
    answers = BeamSearch(beam, best=beam)(decoder, memory, SearchRequest(BOS, EOS, limit))
    possible = len(all_answers(decoder, one_source(memory, 0), vocabulary, limit, 1.0))
    for hypotheses in answers:
        assert 1 <= len(hypotheses) <= min(beam, possible)
        assert len({tuple(h.tokens) for h in hypotheses}) == len(hypotheses)
    if beam == 40:
        assert all(len(hypotheses) == possible for hypotheses in answers)


def test_one_token_left_is_written_up_to_the_limit() -> None:
    search = BeamSearch(3, best=3, forbidden_tokens=(BOS, EOS))
    answers = search(ToyDecoder(3), toy_memory(2), SearchRequest(BOS, EOS, 4))
    assert [[h.tokens for h in source] for source in answers] == [[[2, 2, 2, 2]]] * 2
    assert answers[0][0].score == 0.0
    search = BeamSearch(3, best=3, forbidden_tokens=(BOS, 2))
    answers = search(ToyDecoder(3), toy_memory(2), SearchRequest(BOS, EOS, 4))
    assert [[h.tokens for h in source] for source in answers] == [[[]]] * 2


def test_a_source_is_done_when_no_living_hypothesis_beats_its_finished_ones() -> None:
    decoder = ToyDecoder(sharpness=0.0)
    decoder.out[:, :] = 0
    favourite = torch.tensor(
        [0.0, 9.0, 0, 0, 0, 0, 0], dtype=torch.float64
    )  # the end mark, nearly for certain
    plain = decoder.step

    def step(token, state):
        logits, state = plain(token, state)
        return logits + favourite, state

    decoder.step = step
    BeamSearch(2)(decoder, toy_memory(4), SearchRequest(BOS, EOS, 50))
    assert decoder.rows == [
        4,
        8,
    ]  # one answer ends at once; the second needs one more step, and no third is made
