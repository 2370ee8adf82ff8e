"""Laws that every encoder keeps with every decoder."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from jumok.losses.tokens import token_loss
from jumok.model import EncoderDecoder
from jumok.values import Decoder, Memory, Padded
from small_models import NAMES, PAIRS, READABLE, WRITABLE, logits_of, padded, small_model

LENGTHS, WRITTEN = [5, 3, 1], [4, 2, 3]
B, S, T = 3, 5, 4


@pytest.fixture(params=PAIRS, ids=NAMES)
def model(request) -> EncoderDecoder:
    return small_model(*request.param)


@pytest.fixture
def source() -> Padded:
    return padded(LENGTHS, READABLE)


@pytest.fixture
def target() -> Padded:
    return padded(WRITTEN, WRITABLE)


def longer(short: Padded, extra: int, vocabulary: int) -> Padded:
    """The same sequences with other tokens and more of them in the padding."""
    noise = padded([0] * len(short.values), vocabulary, longest=short.values.shape[1] + extra)
    values, valid = noise.values.clone(), noise.valid.clone()
    valid[:, : short.valid.shape[1]] = short.valid
    values[valid] = short.values[short.valid]
    return Padded(values, valid)


def loss_of(model: EncoderDecoder, source: Padded, target: Padded) -> Tensor:
    """Predict from each token of the target the next number: easy to say, and it goes through everything."""
    decoder = model.decoders["target"]
    hidden = decoder.hidden(target.values, model.encode({"source": source}).joined)
    return token_loss(decoder.output, hidden, (target.values + 1) % WRITABLE, target.valid, 0.1).total


def slopes(model: EncoderDecoder, loss: Tensor) -> dict[str, Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


def rows_of(batch: Padded) -> Iterator[Padded]:
    for values, valid in zip(*batch, strict=True):
        yield Padded(values[valid][None], valid[valid][None])


def alone(model: EncoderDecoder, source: Padded, tokens: list[int]) -> Tensor:
    """The logits (V,) after these tokens, of one source without padding, all at once."""
    return logits_of(model, source, torch.tensor([tokens]))[0, -1]


def test_padding_changes_nothing(model, source, target):
    more_source, more_target = longer(source, 3, READABLE), longer(target, 2, WRITABLE)
    logits = logits_of(model, source, target.values)[target.valid]
    assert_close(logits_of(model, more_source, more_target.values)[more_target.valid], logits)
    loss, same_loss = loss_of(model, source, target), loss_of(model, more_source, more_target)
    assert_close(slopes(model, same_loss), slopes(model, loss))


def test_batch_equals_its_rows(model, source, target):
    logits = logits_of(model, source, target.values)
    pairs = list(zip(rows_of(source), rows_of(target), strict=True))
    for b, (one_source, one_target) in enumerate(pairs):
        assert_close(logits_of(model, one_source, one_target.values)[0], logits[b, : WRITTEN[b]])
    together, apart = loss_of(model, source, target), sum(loss_of(model, *pair) for pair in pairs)
    assert_close(together, apart)
    assert_close(slopes(model, together), slopes(model, apart))


def test_step_by_step_equals_all_at_once(model, source, target):
    decoder, memory = model.decoders["target"], model.encode({"source": source}).joined
    whole, state = decoder(target.values, memory), decoder.start(memory)
    for t in range(T):
        logits, state = decoder.step(target.values[:, t], state)
        assert_close(logits, whole[:, t])


def test_future_changes_nothing(model, source, target):
    changed = target.values.clone()
    changed[:, 2:] = (changed[:, 2:] + 5) % WRITABLE
    before, after = logits_of(model, source, target.values), logits_of(model, source, changed)
    assert_close(after[:, :2], before[:, :2], rtol=0.0, atol=1e-12)
    assert (after[:, 2:] != before[:, 2:]).any(-1).all()


def search(decoder: Decoder, memory: Memory, choices: list[tuple[list[int], list[int] | None]]):
    """Write random tokens, choosing hypotheses and sources after each; yields what was written and logits.

    What was written is the source (its number in the memory) and the tokens, for each hypothesis.
    """
    state = decoder.start(memory)
    written = [(source, []) for source in range(len(memory.states))]
    for rows, sources in choices:
        token = torch.randint(WRITABLE, (len(written),))
        written = [(s, [*tokens, int(new)]) for (s, tokens), new in zip(written, token, strict=True)]
        logits, state = decoder.step(token, state)
        yield written, logits
        state = state.select(torch.tensor(rows), None if sources is None else torch.tensor(sources))
        written = [written[row] for row in rows]


TWO_EACH = ([0, 0, 1, 1, 2, 2], [0, 1, 2])
SWAPPED = ([1, 0, 3, 3, 4, 5], [0, 1, 2])
SOURCES_STAY = ([1, 0, 3, 3, 4, 5], None)
WITHOUT_THE_SECOND = ([1, 1, 5, 4], [0, 2])
ONE_EACH = ([1, 2], [0, 1])
LAST = ([1], [1])
CHOICES = {
    "beam": [TWO_EACH, SWAPPED, SOURCES_STAY, WITHOUT_THE_SECOND, ONE_EACH, LAST],
    "other-order": [([2, 0, 1], [2, 0, 1]), ([1, 1, 0, 0, 2, 2], [1, 0, 2]), SWAPPED, SWAPPED],
    "repeated": [([1, 1, 2], [1, 1, 2]), ([0, 0, 0], [0, 0, 0]), LAST, ([0], [0])],
}


@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES.keys())
def test_selected_hypotheses_go_on_as_if_alone(model, source, choices):
    sources = list(rows_of(source))
    with torch.no_grad():
        for written, logits in search(
            model.decoders["target"], model.encode({"source": source}).joined, choices
        ):
            expected = [alone(model, sources[number], tokens) for number, tokens in written]
            assert_close(logits, torch.stack(expected))


def test_gradients_reach_every_parameter(model, source, target):
    for name, slope in slopes(model, loss_of(model, source, target)).items():
        adds_the_same_to_all_scores = name.endswith(
            "key.bias"
        )  # softmax does not see it, unless it is turned
        assert slope.isfinite().all() and (slope.abs().max() > 1e-7 or adds_the_same_to_all_scores), name


def test_empty_source_breaks_nothing(model, source, target):
    valid = source.valid.clone()
    valid[1] = False
    empty = Padded(source.values, valid)
    logits = logits_of(model, empty, target.values)
    assert logits.isfinite().all()
    assert all(slope.isfinite().all() for slope in slopes(model, loss_of(model, empty, target)).values())
    others = [0, 2]
    assert_close(logits[others], logits_of(model, source, target.values)[others])


def test_source_matters(model, source, target):
    logits = logits_of(model, source, target.values)
    other = source.values.clone()
    other[:, 0] = (other[:, 0] + 3) % READABLE
    changed = logits_of(model, Padded(other, source.valid), target.values)
    assert ((logits - changed).abs().amax(-1) > 1e-6).all()


def test_saved_and_loaded_is_equal(request, model, source, target):
    pair = request.node.callspec.params["model"]
    again = small_model(*pair)
    before = logits_of(model, source, target.values)
    assert not torch.equal(logits_of(again, source, target.values), before)
    again.load_state_dict(model.state_dict())
    assert torch.equal(logits_of(again, source, target.values), before)


def test_autocast_is_near_float32(model, source, target):
    model.float()
    exact = loss_of(model, source, target)
    with torch.autocast("cpu", torch.bfloat16):
        low = loss_of(model, source, target)
    assert_close(low, exact, rtol=0.03, atol=0.3)
    assert all(slope.isfinite().all() for slope in slopes(model, low).values())


def test_autocast_steps_are_near_all_at_once(model, source, target):
    model.float()
    decoder = model.decoders["target"]
    with torch.autocast("cpu", torch.bfloat16), torch.inference_mode():
        memory = model.encode({"source": source}).joined
        whole, state = decoder(target.values, memory), decoder.start(memory)
        for t in range(T):
            logits, state = decoder.step(target.values[:, t], state)
            assert_close(logits.float(), whole[:, t].float(), rtol=0.05, atol=0.1)
