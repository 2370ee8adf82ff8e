"""Several encoders make one memory; parameters that are shared are one."""

import torch
from torch.testing import assert_close

from jumok.decoders.recurrent import RecurrentDecoder
from jumok.encoders.recurrent import RecurrentEncoder
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.model import EncoderDecoder
from small_models import READABLE, WRITABLE, D, padded, small_decoder, small_encoder

B, T = 2, 4


def two_inputs() -> tuple[EncoderDecoder, dict]:
    encoders = {"german": small_encoder("gru-both"), "french": small_encoder("transformer-rotary")}
    decoders = {"english": small_decoder("transformer-learned"), "spanish": small_decoder("lstm-additive")}
    inputs = {"french": padded([3, 6], READABLE), "german": padded([5, 2], READABLE)}
    return EncoderDecoder(encoders, decoders).double().eval(), inputs


def test_encoders_join_in_their_own_order():
    model, inputs = two_inputs()
    german, french = model.encoders["german"](inputs["german"]), model.encoders["french"](inputs["french"])
    memory = model.encode(inputs).joined
    assert memory.states.shape == (B, 5 + 6, D)
    assert_close(memory.states, torch.cat((german.states, french.states), 1))
    assert torch.equal(memory.valid, torch.cat((german.valid, french.valid), 1))
    assert_close(memory.summary, (german.summary + french.summary) / 2)


def test_one_encoder_is_left_as_it_is():
    model, inputs = two_inputs()
    del model.encoders["french"]
    assert_close(model.encode(inputs).joined, model.encoders["german"](inputs["german"]))


def test_each_decoder_writes_from_the_same_memory():
    model, inputs = two_inputs()
    written = {name: torch.randint(WRITABLE, (B, T)) for name in ("spanish", "english")}
    logits, memory = model(inputs, written), model.encode(inputs).joined
    assert list(logits) == ["english", "spanish"]
    for name, decoder in model.decoders.items():
        assert logits[name].shape == (B, T, WRITABLE)
        assert_close(logits[name], decoder(written[name], memory))


def test_padding_between_two_sources_changes_nothing():
    model, inputs = two_inputs()
    written = {name: torch.randint(WRITABLE, (1, T)) for name in ("spanish", "english")}
    second = {
        name: part._replace(values=part.values[1:], valid=part.valid[1:]) for name, part in inputs.items()
    }
    short = {
        name: part._replace(values=part.values[part.valid][None], valid=part.valid[part.valid][None])
        for name, part in second.items()
    }
    assert_close(model(second, written), model(short, written))


def test_size_counts_shared_parameters_once():
    words = TokenEmbedding(READABLE, D)
    encoder = RecurrentEncoder(words, "rnn", D, layers=1, bidirectional=False)
    decoder = RecurrentDecoder(words, "rnn", None, TokenOutput(READABLE, D, tied=words), layers=1)
    table, square = READABLE * D, D * D
    recurrence = square + square + 2 * D
    writing = (2 * square + square + 2 * D) + (square + D) + (3 * square + D) + READABLE
    assert EncoderDecoder({"a": encoder}, {"b": decoder}).size() == table + recurrence + writing
