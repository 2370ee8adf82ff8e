"""Does it matter? Models that are made so that the answer is known, and one that has learned."""

import json

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from jumok.attention.core import attend
from jumok.attention.masking import AttentionSite, mask_attention
from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.positions import SinusoidalPositions
from jumok.decoders.transformer import TransformerDecoder
from jumok.encoders.transformer import TransformerEncoder
from jumok.errors import RunError
from jumok.inspection.ablation_test import (
    Verdict,
    ablation_test,
    allowed_keys,
    draw_key_sets,
    log_probability,
    rank_correlation,
)
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.layers.feedforward import FeedForward
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
from jumok.model import EncoderDecoder
from jumok.values import Padded
from made_maps import map_of, random_weights

S, LOUD = 12, 4  # the key that is looked at most
PLACE = [AttentionSite("look.0")]


class Look(nn.Module):
    """Attention of one query with these scores (H, S) for its keys, to values (S,)."""

    def __init__(self, scores: Tensor, values: Tensor) -> None:
        super().__init__()
        self.scores, self.values = nn.Parameter(scores), values

    def forward(self, allowed: Tensor | None) -> Tensor:
        H, S = self.scores.shape
        q, k = torch.ones(1, H, 1, 1), self.scores[None, :, :, None]
        return attend(q, k, self.values.expand(1, H, S)[..., None], allowed, scale=1.0).sum()


class Made(nn.Module):
    """Two outcomes; what attention finds speaks for the first, `needed` times as loud."""

    def __init__(self, looks: list[Look], needed: float = 1.0, saturates: bool = False) -> None:
        super().__init__()
        self.look, self.needed, self.saturates = nn.ModuleList(looks), needed, saturates

    def forward(self, allowed: Tensor | None = None) -> Tensor:
        found = sum(look(allowed) for look in self.look) * self.needed
        found = found.clamp(max=2.0) if self.saturates else found
        return torch.stack((found, torch.zeros(()))).log_softmax(-1)[0]


def loud(heads: int = 1) -> Tensor:
    scores = torch.linspace(0.0, 0.3, S).repeat(heads, 1)
    scores[:, LOUD] = 5.0
    return scores


def only_there(value: float = 4.0) -> Tensor:
    values = torch.zeros(S)
    values[LOUD] = value
    return values


def verdict_of(model: nn.Module, places=PLACE, allowed: Tensor | None = None, **options: object) -> Verdict:
    return ablation_test(lambda: model(allowed), model.eval(), places, **options)


def test_a_key_that_decides_matters():
    model = Made([Look(loud(), only_there())])
    found = verdict_of(model, k=1, output="token 4 'dog'", output_ko="4번째 토큰 'dog'")
    assert found.matters == "yes" and found.keys == (LOUD,)
    with torch.no_grad():
        before, without = model(), torch.zeros(2).log_softmax(-1)[0]
    assert found.change == pytest.approx(float(without - before), abs=1e-5)
    assert max(map(abs, found.changes)) < 0.01 and len(found.changes) == S - 1
    assert found.head_off is None and not any(parameter.grad is not None for parameter in model.parameters())
    said = found.to_json()["text"]
    assert said["en"].startswith(
        "Hiding the most attended position changes the log-probability of token 4 'dog' by −0."
    )
    assert said["en"].endswith("What was looked at here matters.")
    assert (
        said["ko"].endswith("여기서 본 것은 출력에 영향을 줍니다.")
        and "4번째 토큰 'dog'의 로그 확률" in said["ko"]
    )


def test_what_the_model_ignores_does_not_matter():
    found = verdict_of(Made([Look(loud(), only_there())], needed=0.0), k=3)
    assert found.matters == "no" and found.change == 0 and len(found.changes) == 20
    assert "hardly depends" in found.english()


def test_keys_that_all_say_the_same_do_not_matter():
    found = verdict_of(Made([Look(loud(), torch.ones(S))]), k=3)
    assert found.matters == "no" and found.change == pytest.approx(0.0, abs=1e-5)


def test_what_is_looked_at_most_may_matter_less_than_the_rest():
    values = torch.linspace(20.0, -20.0, S)
    values[LOUD] = 0.0
    scores = torch.zeros(1, S)
    scores[0, LOUD] = 0.01
    found = verdict_of(Made([Look(scores, values)]), k=1, threshold=0.0)
    assert found.keys == (LOUD,) and found.matters == "no"
    assert "no more than other positions" in found.english()


def test_layers_make_up_for_each_other():
    model = Made([Look(loud(), only_there()), Look(loud(), only_there())], saturates=True)
    both = [AttentionSite("look.0"), AttentionSite("look.1")]
    alone, together = verdict_of(model, k=1), verdict_of(model, both, k=1)
    assert (alone.matters, together.matters) == ("no", "yes")


def test_heads_are_switched_off_where_they_are_named():
    model = Made([Look(loud(2), only_there())])
    one, both = [AttentionSite("look.0", head=1)], [AttentionSite("look.0", head=head) for head in (0, 1)]
    assert verdict_of(model, k=1).head_off is None
    off, all_off = verdict_of(model, one, k=1).head_off, verdict_of(model, both, k=1).head_off
    assert all_off < off < 0
    with mask_attention(model, one, None), torch.no_grad():
        without = float(model())
    assert off == pytest.approx(without - float(model().detach()), abs=1e-5)


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_too_few_keys_say_nothing(allowed):
    mask = (torch.arange(S) < allowed).view(1, 1, 1, S)
    values = torch.ones(S) * 4.0
    values[0] = 0.0
    found = verdict_of(Made([Look(loud(), values)]), allowed=mask, k=3)
    assert found.matters == "unclear" and found.keys == ((), (0,), (1,))[allowed]
    assert len(found.changes) == (1 if allowed == 2 else 0)
    text = found.to_json()["text"]
    if allowed:
        assert f"Only {allowed} position" in text["en"] and f"{allowed}곳뿐" in text["ko"]
    else:
        assert (
            found.change is None and "no position to hide" in text["en"] and "가릴 위치가 없어" in text["ko"]
        )
        assert found.gradient is None


FEW = {5: (1, 4, True), 6: (2, 6, True), 7: (2, 10, True), 8: (3, 10, True), 12: (3, 20, False)}


@pytest.mark.parametrize(("allowed", "tried"), FEW.items())
def test_of_few_keys_few_are_hidden_and_all_others_tried(allowed, tried):
    hidden_at_once, sets, every = tried
    mask = (torch.arange(S) < allowed).view(1, 1, 1, S)
    found = verdict_of(Made([Look(loud(), only_there())]), allowed=mask, k=3)
    assert (found.k, len(found.changes), found.every) == tried
    assert len(found.keys) == hidden_at_once and found.keys[0] == LOUD
    assert found.matters == "yes" and not any(LOUD in found.keys[1:] for _ in range(sets))
    assert (f"all {sets} were tried" in found.english()) == every
    assert (f"모든 조합 {sets}가지" in found.korean()) == every


THREE = {
    "the top alone": ((3.0, 1.0, 0.0), (4.0, 0.0, 0.0), "yes"),
    "the second more": ((3.0, 2.9, 0.0), (0.0, 4.0, 0.0), "no"),
    "none": ((3.0, 1.0, 0.0), (4.0, 4.0, 4.0), "no"),
}


@pytest.mark.parametrize("case", THREE)
def test_three_keys_decide(case):
    scores, values, matters = THREE[case]
    found = verdict_of(Made([Look(torch.tensor([scores]), torch.tensor(values))]), k=3)
    assert found.keys == (0,) and len(found.changes) == 2 and found.matters == matters


def test_a_change_tells_what_becomes_of_the_probability():
    verdict = Verdict(1, (0,), -0.6931, (0.1,) * 5, 9)
    assert "by −0.69 (probability × 0.5)" in verdict.english() and "−0.69 (확률 × 0.5)" in verdict.korean()
    assert "× 3e−9)" in Verdict(1, (0,), -19.79, (0.1,) * 5, 9).english()
    assert "probability ×" not in Verdict(1, (0,), -1.0, (0.1,) * 5, 9, measure="score").english()


def test_only_keys_that_are_allowed_and_wanted_are_hidden():
    model = Made([Look(loud(), only_there())])
    mask = (torch.arange(S) != LOUD).view(1, 1, 1, S)
    found = verdict_of(model, allowed=mask, k=2, keys=[LOUD, *range(7, S)])
    assert found.keys == (11,) and found.allowed == 5
    assert found.matters == "no" and len(found.changes) == 4  # each of the others


def test_draws_follow_the_seed():
    others = list(range(20))
    first = draw_key_sets(others, 3, 20, seed=1)
    assert first == draw_key_sets(others, 3, 20, seed=1) != draw_key_sets(others, 3, 20, seed=2)
    assert len(set(first)) == 20 and all(len(set(some)) == 3 and set(some) <= set(others) for some in first)
    assert (
        draw_key_sets([1, 2, 3], 2, 20, seed=0) == [(1, 2), (1, 3), (2, 3)]
        and draw_key_sets([1], 2, 20, 0) == []
    )


def test_gradient_tells_rank_and_sign():
    values = torch.linspace(-1.0, 1.0, S)
    scores = values.abs()[None] * 2
    found = verdict_of(Made([Look(scores, values)]), k=1).gradient
    assert found.rank_correlation == pytest.approx(1.0)
    for key, weight, product in found.keys:
        assert (product > 0) == (values[key] > 0) and weight == pytest.approx(
            float(scores.softmax(-1)[0, key])
        )
    assert len(found.keys) == 10 and found.keys[0][0] in (0, S - 1)
    assert verdict_of(Made([Look(scores, values)]), k=1, gradients=False).gradient is None
    frozen = Made([Look(scores, values)]).requires_grad_(False)
    assert verdict_of(frozen, k=1).gradient is None


def test_rank_correlation_is_scipys():
    from scipy.stats import spearmanr

    one, other = torch.randint(0, 5, (2, 30)).float()
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert rank_correlation(torch.ones(4), one[:4]) is None


def test_masked_keys_are_known_by_what_models_write():
    weights = random_weights(1, 1, 2, 5)
    call = map_of(weights)
    for key, low in enumerate((-torch.inf, torch.finfo(torch.float32).min, -100.0)):
        call.scores.bias[0, 0, 1, key] = low
    assert allowed_keys(call, 0, 0, 1) == allowed_keys(call, 0, 0, -1) == [3, 4]
    assert allowed_keys(call, 0, 0, 0) == list(range(5))


def test_document_is_json():
    document = verdict_of(
        Made([Look(loud(2), only_there())]), [AttentionSite("look.0", head=0)], k=2
    ).to_json()
    assert list(document) == [
        "question",
        "k",
        "every",
        "output",
        "measure",
        "top",
        "random",
        "head_off",
        "gradient",
        "matters",
        "text",
    ]
    assert document["question"] == "hide the top 2" and json.dumps(document, allow_nan=False)
    assert list(document["random"]) == ["changes", "mean", "low", "high"] and set(document["text"]) == {
        "en",
        "ko",
    }


def answer(change: float, *changes: float) -> str:
    return Verdict(3, (1, 2, 3), change, changes, 9).matters


def test_the_rule():
    assert answer(-2.0, 0.1, -0.3, 0.0, 0.2, -0.1) == "yes"
    assert answer(2.0, 0.1, -0.3, 0.0, 0.2, -0.1) == "yes"  # hiding may help
    assert answer(-0.09, 0.01, 0.0, 0.0, 0.0, 0.0) == "no"
    assert answer(-0.2, -0.9, -0.5, -0.6, -0.1, 0.0) == "no"  # outside of nothing
    assert answer(-0.5, -0.9, 0.1, -0.2, -0.1, 0.0) == "unclear"
    assert answer(-2.0, 0.1, -0.3, 0.0, 0.2) == "unclear"  # four draws


def test_what_cannot_be_tested_is_refused():
    model = Made([Look(loud(), only_there())])
    for options, message in (
        ({"places": []}, "no place was given"),
        ({"places": [AttentionSite("look.0", call=1)]}, "called 1 times; there is no call 1"),
        ({"places": [AttentionSite("look.0", head=1)]}, "1 head; there is no head 1"),
        ({"query": 1}, "look.0 has no query 1"),
    ):
        with pytest.raises(RunError, match=message):
            verdict_of(model, **options)
    with pytest.raises(ValueError, match="1 or more"):
        verdict_of(model, k=0)
    with pytest.raises(RunError, match="training mode"):
        ablation_test(model, model.train(), PLACE)
    with pytest.raises(RunError, match="one number"):
        ablation_test(lambda: model().repeat(2), model.eval(), PLACE)
    with pytest.raises(RunError, match="the score is -inf"):
        ablation_test(lambda: model() - torch.inf, model, PLACE)


WIDTH, LETTERS, LENGTH, BEGIN = 32, 8, 8, 8


def reverser() -> EncoderDecoder:
    words = TokenEmbedding(LETTERS + 1, WIDTH)

    def attention() -> MultiHeadAttention:
        return MultiHeadAttention(WIDTH, 2)

    encoder = TransformerEncoderLayer(WIDTH, attention(), FeedForward(WIDTH, 64))
    decoder = TransformerDecoderLayer(WIDTH, attention(), attention(), FeedForward(WIDTH, 64))
    places = SinusoidalPositions(WIDTH)
    return EncoderDecoder(
        {"source": TransformerEncoder(words, places, [encoder], WIDTH)},
        {"target": TransformerDecoder(words, places, [decoder], TokenOutput(LETTERS + 1, WIDTH, tied=words))},
    )


def logits_after(model: EncoderDecoder, letters: Tensor) -> Tensor:
    """Of the letters (B, LENGTH) in reverse, with the right ones before each."""
    answer = letters.flip(1)
    read = torch.cat((torch.full_like(answer[:, :1], BEGIN), answer[:, :-1]), 1)
    memory = model.encode({"source": Padded(letters, torch.ones_like(letters, dtype=torch.bool))}).joined
    return model.decoders["target"](read, memory)


@pytest.fixture(scope="module")
def learned() -> EncoderDecoder:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = reverser()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(400):
        letters = torch.randint(LETTERS, (64, LENGTH))
        loss = nn.functional.cross_entropy(
            logits_after(model, letters).flatten(0, 1), letters.flip(1).flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def test_a_model_that_has_learned_to_reverse_looks_at_what_matters(learned):
    letters = torch.randperm(LETTERS)[None]  # of two that are equal one would do for the other
    cross, itself = "decoders.target.layers.0.cross", "decoders.target.layers.0.attention"
    answers = letters[0].flip(0)
    for t in range(LENGTH):

        def score(t: int = t) -> Tensor:
            return log_probability(logits_after(learned, letters)[0], answers)[t]

        found = ablation_test(score, learned, [AttentionSite(cross)], query=t, k=1)
        assert found.matters == "yes" and found.keys == (LENGTH - 1 - t,), found.english()
        assert found.change < -1
    past = ablation_test(score, learned, [AttentionSite(itself)], query=LENGTH - 1, k=1)
    assert abs(past.change) < abs(found.change)


def test_scores_are_log_probabilities():
    logits, tokens = torch.randn(3, 5), torch.tensor([1, 0, 4])
    assert_close(log_probability(logits, tokens), logits.log_softmax(-1)[range(3), tokens])
