"""Beam search of other libraries: rows change places, so one answer is put together from the rows it stood in."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

import jumok
import other_models
from jumok.errors import DataError
from jumok.inspection.beams import rows_of
from jumok.inspection.groups import groups_of

SOURCE = torch.tensor([[3, 4, 5, 6, 7, 8, 1], [9, 4, 5, 3, 7, 2, 1]])
HOW = {"return_dict_in_generate": True, "max_new_tokens": 8, "min_new_tokens": 8, "pad_token_id": 0}


def searched(kind: str, only: str | tuple = (), seed: int = 0, **how):
    """A model, the recording of its search, and what `generate` gave."""
    torch.manual_seed(seed)
    model = getattr(other_models, kind)()
    source = SOURCE[:, :4] if kind == "gpt2" else SOURCE
    with torch.inference_mode(), jumok.record(model, only=only) as maps:
        out = model.generate(input_ids=source, **HOW, **how)
    return model, maps, out


def given_again(kind: str, model, sequence, source):
    """The recording of one pass over a sequence that was found."""
    with torch.inference_mode(), jumok.record(model) as maps:
        if kind == "gpt2":
            model(input_ids=sequence[None, :-1])
        else:
            model(input_ids=source[None], decoder_input_ids=sequence[None, :-1])
    return maps


@pytest.mark.parametrize("returned", [1, 3])
@pytest.mark.parametrize("kind", ["marian", "t5", "gpt2"])
def test_each_answer_of_a_beam_search_is_what_one_pass_looks_at(kind, returned):
    model, maps, out = searched(kind, num_beams=3, num_return_sequences=returned)
    rows = out.beam_indices
    assert returned == 1 or (rows != rows[:, :1]).any()  # some answer changes its row
    for example in range(2 * returned):
        again = given_again(kind, model, out.sequences[example], SOURCE[example // returned])
        for group in groups_of(maps, example, {}, rows_of(rows, example)):
            for layer in group.layers():
                for head in range(4):
                    expected = again[layer.name][0, head]
                    assert_close(layer.weights(group.example, head), expected, atol=2e-5, rtol=0)


@pytest.mark.parametrize("only", [(), "*.encoder_attn", "*.self_attn"])
def test_beams_without_their_indices_are_refused(only):
    _, maps, _ = searched("marian", only, num_beams=3)
    with pytest.raises(DataError, match=r"give beam_indices=out\.beam_indices"):
        jumok.show(maps)


def test_beams_of_a_decoder_alone_are_refused():
    _, maps, _ = searched("gpt2", num_beams=3)
    with pytest.raises(DataError, match="6 rows, which change places"):
        jumok.show(maps)


@pytest.mark.parametrize("kind", ["marian", "gpt2"])
def test_a_greedy_batch_is_no_beam_search(kind):
    model, maps, out = searched(kind)
    for example in range(2):
        again = given_again(kind, model, out.sequences[example], SOURCE[example])
        for group in groups_of(maps, example, {}):
            for layer in group.layers():
                assert_close(layer.weights(example, 1), again[layer.name][0, 1], atol=2e-5, rtol=0)


def test_the_same_input_twice_is_no_beam_search_where_the_cache_tells():
    model = other_models.marian()
    with torch.inference_mode(), jumok.record(model) as maps:
        model.generate(input_ids=SOURCE[[0, 0]], **HOW)
    assert len(jumok.show(maps, example=1).document["attentions"]) == 3


def test_indices_that_do_not_fit_are_refused():
    _, maps, out = searched("marian", num_beams=3)
    with pytest.raises(DataError, match="there is no example 2; beam_indices has 2"):
        jumok.show(maps, example=2, beam_indices=out.beam_indices)
    with pytest.raises(DataError, match="beam_indices names row 7"):
        jumok.show(maps, beam_indices=[0, 7])
    with pytest.raises(DataError, match="20 steps, but .* was called 8 times"):
        jumok.show(maps, beam_indices=[0] * 20)
    with pytest.raises(DataError, match="no step"):
        jumok.show(maps, beam_indices=[-1, -1])
    with pytest.raises(DataError, match="whole numbers"):
        jumok.show(maps, beam_indices=torch.rand(2, 8))


def test_the_page_of_an_answer_has_its_tokens():
    _, maps, out = searched("marian", num_beams=3)
    words = other_models.WORDS.split()
    written = [words[token] for token in out.sequences[1]]
    keys = [words[token] for token in SOURCE[1]]
    shown = jumok.show(maps, example=1, queries=written, keys=keys, beam_indices=out.beam_indices)
    uses = {one["use"]: one for one in shown.document["attentions"]}
    assert uses["decoder"]["queries"]["labels"] == written[1:]
    assert uses["decoder"]["keys"]["labels"] == written[:-1]  # the start token is the model's own
    packed = shown.details["packed"][uses["cross"]["id"]]
    assert (packed["T"], packed["S"]) == (8, 7) and np.prod(packed["pool"]) == 1
