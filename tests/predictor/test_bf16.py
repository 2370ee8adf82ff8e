"""Answers in bf16: those of fp32 but for rounding, in every architecture."""

import pytest
import torch
from torch import nn

import jumok
from jumok import device
from jumok.device import NO_BF16, autocast, has_bf16, usable_precision
from jumok.layers.embedding import TokenOutput
from jumok.predictor.model_folder import cast_weights_bf16
from small_experiments import write_experiment, write_words
from small_models import NAMES, PAIRS, READABLE, WRITABLE, padded, small_model


def test_a_trained_model_answers_the_same_in_bf16(reversal):
    run = reversal / "run"
    inputs = [row.split("\t")[0] for row in (reversal / "test.tsv").read_text().splitlines()[1:]]
    exact, lowered = jumok.load(run), jumok.load(run, decoding={"precision": "bf16"})
    has = has_bf16(torch.device("cpu"))
    assert any(p.dtype == torch.bfloat16 for p in lowered.model.parameters()) == has
    assert lowered.notes == (() if has else (NO_BF16,)) and not exact.notes
    ours = [prediction.text for prediction in lowered.predict(inputs)]
    theirs = [prediction.text for prediction in exact.predict(inputs)]
    same = sum(a == b for a, b in zip(ours, theirs, strict=True))
    assert same >= 0.9 * len(inputs)


def test_only_matrices_are_lowered_and_ties_are_cut(reversal):
    model = jumok.load(reversal / "run").model
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    cast_weights_bf16(model)
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
        if usable_precision(torch.device("cpu"), "bf16") == "bf16":
            cast_weights_bf16(model)
        lowered = next_logits(model, source, "bf16")
    assert exact.shape == (3, WRITABLE)
    assert (lowered.float() - exact).abs().max() < 0.05 * exact.abs().max()


def next_logits(model, source, precision):
    """The second step's logits (3, V), after the hypotheses were doubled."""
    token, decoder = torch.tensor([1, 2, 3]), model.decoders["target"]
    with autocast(torch.device("cpu"), precision):
        _, state = decoder.step(token, decoder.start(model.encode({"source": source}).joined))
        state = state.select(torch.tensor([0, 0, 1, 1, 2, 2]), torch.arange(3))
        logits, _ = decoder.step(token.repeat_interleave(2), state)
    return logits[::2]


@pytest.fixture
def plain(monkeypatch):
    """A processor without bf16, as all before AVX-512."""
    monkeypatch.setattr("jumok.device.has_bf16", lambda device: False)


def test_a_processor_without_bf16_answers_in_fp32_and_says_so(plain, reversal):
    predictor = jumok.load(reversal / "run", decoding={"precision": "bf16"})
    assert predictor.decoding.precision == "fp32" and predictor.notes == (NO_BF16,)
    assert {p.dtype for p in predictor.model.parameters()} == {torch.float32}
    assert predictor.predict(["abc"]) == jumok.load(reversal / "run").predict(["abc"])


COMMANDS = {
    "predict": ["abc"],
    "evaluate": ["--split", "test"],
    "look": ["--input", "abc", "--output", "{}/look.html"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_say_it_once(plain, jumok, reversal, command, tmp_path):
    words = [word.format(tmp_path) for word in COMMANDS[command]]
    ended = jumok(command, reversal / "run", *words, "--precision", "bf16")
    assert ended.status == 0 and ended.talk.count(NO_BF16) == 1


@pytest.mark.parametrize("begun_plain", [True, False])
def test_a_training_goes_on_elsewhere(jumok, tmp_path, monkeypatch, begun_plain):
    """An LSTM in bf16, half of it on a processor without bf16, the other half on one that has it."""
    real, talks = device.has_bf16, []
    write_words(tmp_path, train=60)
    file = write_experiment(tmp_path, encoder="lstm", decoder="lstm")
    for number in (1, 2):
        plain = begun_plain == (number == 1)
        monkeypatch.setattr(device, "has_bf16", (lambda device: False) if plain else real)
        changes = ["training.precision=bf16", "decoding.precision=bf16", f"training.steps={10 * number}"]
        words = [word for change in changes for word in ("--set", change)]
        ended = jumok("train", file, "--run", tmp_path / "run", *words)
        assert ended.status == 0
        talks.append(ended.talk)
        assert (NO_BF16 in ended.talk) == (plain or not real(torch.device("cpu")))
    assert "training begins" in talks[0] and "goes on from step 10" in talks[1]
