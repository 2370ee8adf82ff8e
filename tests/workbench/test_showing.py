"""What `jumok.show` and `jumok.look` say of a recording: labels in their places, and nothing that is not so."""

import re

import pytest
import torch
from torch import nn

import jumok
import other_models
from jumok.errors import DataError
from jumok.inspection.windows import finding_windows
from jumok.workbench import packing
from made_predictors import SENTENCE, made

TOKENS = ["Ein", "Hund", "läuft", "im", "Schnee", ".", "</s>"]
IDS = torch.tensor([[3, 4, 5, 6, 7, 8, 1]])


def uses(shown):
    return {one["use"]: one for one in shown.document["attentions"]}


def gpt2_maps():
    with torch.inference_mode(), jumok.record(model := other_models.gpt2()) as maps:
        model(input_ids=IDS)
    return maps


def marian_maps():
    with torch.inference_mode(), jumok.record(model := other_models.marian()) as maps:
        model(input_ids=IDS, decoder_input_ids=IDS[:, :5])
    return maps


def test_a_row_of_a_decoder_alone_is_of_the_token_that_stands_there():
    document = jumok.show(gpt2_maps(), tokens=TOKENS).document
    (one,) = document["attentions"]
    assert (one["use"], one["causal"], one["queries"]["of"]) == ("decoder", True, "input")
    assert one["queries"] == one["keys"] and one["queries"]["labels"] == TOKENS
    assert document["inputs"][0]["tokens"] == TOKENS and document["outputs"] == []  # it has answered nothing


@pytest.mark.parametrize(("name", "count"), [("tokens", 5), ("tokens", 9)])
def test_tokens_of_a_wrong_length_are_refused_with_the_lengths(name, count):
    sentence = f"{name} has {count} tokens, where the model had 7 positions; .*special ones included"
    with pytest.raises(DataError, match=sentence):
        jumok.show(gpt2_maps(), **{name: (TOKENS * 2)[:count]})


def test_queries_and_keys_of_a_wrong_length_are_refused():
    maps = marian_maps()
    with pytest.raises(DataError, match="keys has 6 tokens, where the model had 7 positions"):
        jumok.show(maps, keys=TOKENS[:-1], queries=TOKENS[:5])
    with pytest.raises(DataError, match="queries has 4 tokens, where the model had 5 positions"):
        jumok.show(maps, keys=TOKENS, queries=TOKENS[:4])
    with pytest.raises(DataError, match="the last token that a model wrote was not read"):
        jumok.show(gpt2_maps(), tokens=[*TOKENS, "x"])
    assert jumok.show(maps, keys=TOKENS).document["attentions"]  # one side may be left to its numbers


def test_the_start_token_is_the_model_s_own():
    maps = marian_maps()
    read = uses(jumok.show(maps, queries=TOKENS[:5], start="<pad>"))["decoder"]["keys"]["labels"]
    assert read == ["<pad>", *TOKENS[:4]]
    whole = uses(jumok.show(maps, queries=["<pad>", *TOKENS[:5]]))["decoder"]
    assert (whole["queries"]["labels"], whole["keys"]["labels"]) == (TOKENS[:5], ["<pad>", *TOKENS[:4]])
    assert uses(jumok.show(maps, queries=TOKENS[:5]))["decoder"]["keys"]["labels"][0] == "<start>"


def transformer_maps(queries: int = 5, **how):
    torch.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=how.pop("dropout", 0.0), batch_first=True).train(
        bool(how.pop("train", 0))
    )
    with jumok.record(model) as maps:
        model(torch.randn(1, 16, 8), torch.randn(1, queries, 8), **how)
    return maps


@pytest.mark.parametrize("queries", [5, 16])
def test_object_queries_are_no_cells_of_the_image(queries):
    from PIL import Image

    found = uses(jumok.show(transformer_maps(queries), image=Image.new("RGB", (64, 64))))
    assert {use: one["queries"]["kind"] for use, one in found.items()} == {
        "encoder": "cells",
        "decoder": "tokens",
        "cross": "tokens",
    }
    assert found["cross"]["keys"]["kind"] == "cells" and not found["decoder"]["causal"]
    assert found["decoder"]["queries"] == found["decoder"]["keys"]
    assert found["decoder"]["queries"]["of"] == "output" and found["encoder"]["keys"]["rows"] == 4


def test_without_a_mask_the_decoder_is_still_the_decoder():
    found = uses(jumok.show(transformer_maps(), keys=list("abcdefghijklmnop"), queries=list("vwxyz")))
    assert found["decoder"]["layers"][0]["name"] == "decoder.layers.0.self_attn"
    assert found["decoder"]["keys"]["labels"] == list("vwxyz")  # without a mask nothing is shifted


def test_what_dropout_changed_is_not_called_checked():
    check = jumok.show(transformer_maps(dropout=0.5, train=True)).details["/api/check?look=&answer=0"]
    assert check["holds"] is None and check["error"] is None and check["unchecked"] == 3
    check = jumok.show(transformer_maps()).details["/api/check?look=&answer=0"]
    assert check["holds"] is True and check["unchecked"] == 0 and check["error"] < 1e-5


def test_a_notebook_does_not_keep_the_page_twice():
    maps = gpt2_maps()
    shown = jumok.show(maps, tokens=TOKENS, title="GPT-2")
    assert repr(shown) == "<jumok page 'GPT-2': 2 layers of attention, 8 heads>"
    assert repr(maps) == "<Recording of 2 attention calls in 2 modules>"
    assert len(shown._repr_html_()) > 10_000


def test_windows_are_kept_as_windows_and_cost_no_more():
    model = other_models.swin()
    with torch.inference_mode(), jumok.record(model) as maps, finding_windows(model) as windows:
        model(torch.rand(1, 3, 56, 56))
    shown = jumok.show(maps, windows=windows)
    packs = [shown.details["packed"][one["id"]] for one in shown.document["attentions"]]
    for pack, count in zip(packs, (4, 1), strict=True):
        assert pack["kind"] == "float32" and pack["windows"]["length"] == 49
        numbers = sum(pack["heads"]) * count * 49 * 49
        assert len(pack["data"]) == 4 * ((4 * numbers + 2) // 3)  # base64
        assert [len(cells) for cells in pack["windows"]["cells"]] == [count * 49] * 2


AXIS = {"kind": "cells", "rows": 5, "columns": 7, "extra": ["[CLS]"], "cell": [1, 1]}


def test_cells_are_pooled_in_blocks_of_the_image():
    bins = packing.bins_of(AXIS, 36, 3)
    grid = bins.number[1:].view(5, 7)
    assert bins.number[0] == 0 and bins.bins == 1 + 2 * 3
    for row in range(5):
        for column in range(7):
            assert grid[row, column] == 1 + row // 3 * 3 + column // 3
    weights = torch.rand(36, 36)
    pooled = packing.pool_weights(weights, bins, bins)
    inside = [(bins.number == n).nonzero().flatten() for n in range(bins.bins)]
    for a, queries in enumerate(inside):
        for b, keys in enumerate(inside):
            assert pooled[a, b] == weights[queries][:, keys].max()


def test_a_trained_model_is_looked_into_from_python():
    predictor = made("transformer")
    shown = jumok.look(predictor, SENTENCE, title="mine")
    assert {one["use"] for one in shown.document["attentions"]} == {"encoder", "decoder", "cross"}
    assert set(shown.details["packed"]) == {one["id"] for one in shown.document["attentions"]}
    assert repr(shown).startswith("<jumok page 'mine': transformer → transformer")
    with pytest.raises(DataError, match="the input is empty"):
        jumok.look(predictor, " ")
    assert re.search("jumok-data", shown.page)
