"""Answers in bf16: those of fp32 but for rounding, in every architecture."""

import pytest
import torch
from torch import nn

import jumok
from jumok.device import autocast
from jumok.layers.embedding import TokenOutput
from jumok.predictor.saved import lower_weights
from small_models import NAMES, PAIRS, READABLE, WRITABLE, padded, small_model


def test_a_trained_model_answers_the_same_in_bf16(reversal):
    run = reversal / "run"
    inputs = [row.split("\t")[0] for row in (reversal / "test.tsv").read_text().splitlines()[1:]]
    exact, lowered = jumok.load(run), jumok.load(run, decoding={"precision": "bf16"})
    assert any(p.dtype == torch.bfloat16 for p in lowered.model.parameters())
    ours = [prediction.text for prediction in lowered.predict(inputs)]
    theirs = [prediction.text for prediction in exact.predict(inputs)]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same >= 0.9 * len(inputs)


def test_only_matrices_are_lowered_and_ties_are_cut(reversal):
    model = jumok.load(reversal / "run").model
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    lower_weights(model)
    for part in model.modules():
        if isinstance(part, nn.Linear | TokenOutput):
            assert {p.dtype for p in part.parameters(recurse=False)} == {torch.bfloat16}
    for name, value in model.named_parameters():
        if name in before:
            assert torch.equal(value, before[name].to(value.dtype))


@pytest.mark.parametrize("encoder, decoder", PAIRS, ids=NAMES)
def test_every_model_steps_in_bf16(encoder, decoder):
    torch.manual_seed(1)
    model = small_model(encoder, decoder).float()
    source = padded([5, 2, 4], READABLE)
    with torch.inference_mode():
        exact = next_logits(model, source, "fp32")
        lower_weights(model)
        lowered = next_logits(model, source, "bf16")
    assert exact.shape == (3, WRITABLE)
    assert (lowered.float() - exact).abs().max() < 0.05 * exact.abs().max()


def next_logits(model, source, precision):
    """The second step's logits (3, V), after the hypotheses were doubled."""
    token, decoder = torch.tensor([1, 2, 3]), model.decoders["target"]
    with autocast(torch.device("cpu"), precision):
        _, state = decoder.step(token, decoder.start(model.encode({"source": source})))
        state = state.select(torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(3))
        logits, _ = decoder.step(token.repeat_interleave(2), state)
    return logits[::2]
