"""`jumok.show` of models that know nothing of jumok: all stands in its place, without a fault."""

import re

import numpy as np
import pytest
import torch
from made_looks import landscape
from test_show import by_use, unpacked

import jumok
import other_models
from jumok.errors import DataError
from jumok.inspection.layers import WindowedLayer
from jumok.inspection.windows import finding_windows

SOURCE = ["Ein", "Hund", "läuft", "im", "Schnee", ".", "</s>"]
TARGET = ["A", "dog", "runs", "in", "the", "snow", ".", "</s>"]
STACKS = {
    "marian": {
        "encoder": "model.encoder.layers.{}.self_attn",
        "decoder": "model.decoder.layers.{}.self_attn",
        "cross": "model.decoder.layers.{}.encoder_attn",
    },
    "t5": {
        "encoder": "encoder.block.{}.layer.0.SelfAttention",
        "decoder": "decoder.block.{}.layer.0.SelfAttention",
        "cross": "decoder.block.{}.layer.1.EncDecAttention",
    },
}
LABELS = {
    "encoder": (SOURCE, SOURCE),
    "decoder": (TARGET, ["<start>", *TARGET[:-1]]),
    "cross": (TARGET, SOURCE),
}


@pytest.mark.parametrize("kind", STACKS)
def test_a_translator_of_transformers(kind, open_page, tmp_path):
    model = getattr(other_models, kind)()
    numbers = {word: n for n, word in enumerate(other_models.WORDS.split())}
    source, said = (torch.tensor([[numbers[word] for word in words]]) for words in (SOURCE, TARGET))
    read = torch.cat([torch.zeros_like(said[:, :1]), said[:, :-1]], 1)
    with torch.inference_mode(), jumok.record(model) as maps:
        model(input_ids=source, decoder_input_ids=read)
    shown = jumok.show(maps, queries=TARGET, keys=SOURCE, title=kind)
    for use, one in by_use(shown).items():
        names = [STACKS[kind][use].format(layer) for layer in range(2)]
        assert one["layers"] == [{"name": name, "heads": 4} for name in names]
        assert (one["queries"]["labels"], one["keys"]["labels"]) == LABELS[use]
        kept, _ = unpacked(shown, one["id"])
        assert np.array_equal(kept, torch.cat([maps[name][0] for name in names]).numpy())
    page = open_page(shown.save(tmp_path / "page.html").as_uri())
    for use, name in (("cross", "cross"), ("encoder", "encoder, self"), ("decoder", "decoder, self")):
        page.get_by_role("radio", name=name).click()
        page.wait_for_selector(".stage[data-shown]")
        page.get_by_role("option", name="Layer 2, head 1").click()
        page.locator(".row.query .token").nth(3).hover()
        page.wait_for_selector(".stage[data-shown='query:3']")
        assert page.locator(".row.query .token").all_inner_texts() == LABELS[use][0]
        largest = maps[STACKS[kind][use].format(1)][0, 0, 3].max()
        assert page.locator(".top .number").first.inner_text() == f"{float(largest):.4f}"


def squashed(side):
    """The landscape (1, 3, side, side), as a model is given it."""
    pixels = torch.tensor(np.array(landscape().convert("RGB").resize((side, side))))
    return pixels.permute(2, 0, 1)[None].float() / 255


def test_a_vision_transformer_of_timm(open_page, tmp_path):
    model = other_models.vit()
    with torch.inference_mode(), jumok.record(model) as maps:
        model(squashed(64))
    shown = jumok.show(maps, image=landscape())
    (one,) = shown.document["attentions"]
    assert [layer["name"] for layer in one["layers"]] == ["blocks.0.attn", "blocks.1.attn"]
    assert (one["keys"]["rows"], one["keys"]["columns"], one["keys"]["extra"]) == (4, 4, ["[CLS]"])
    page = open_page(shown.save(tmp_path / "page.html").as_uri())
    page.wait_for_selector(".stage[data-shown]")
    page.get_by_text("[CLS]", exact=True).first.wait_for()


def test_windows_of_swin_are_put_back_in_their_places(open_page, tmp_path):
    model = other_models.swin()
    with torch.inference_mode(), jumok.record(model) as maps, finding_windows(model) as windows:
        model(squashed(56))
    shown = jumok.show(maps, image=landscape(), windows=windows)
    fine, coarse = shown.document["attentions"]
    assert [layer["name"] for layer in fine["layers"]] == [f"layers.0.blocks.{n}.attn" for n in range(2)]
    assert [(one["kind"], one["keys"]["rows"]) for one in (fine, coarse)] == [("windows", 14), ("windows", 7)]
    packs = [shown.details["packed"][one["id"]] for one in (fine, coarse)]
    assert [pack["pool"] for pack in packs] == [[1, 1], [1, 1]]
    name = "layers.0.blocks.1.attn"  # a shifted one; heads of the layer before it come first
    expected = WindowedLayer(maps[name], windows[name])[0, 1, 7 * 14 + 7]
    assert (expected > 0).sum() == 49
    page = open_page(shown.save(tmp_path / "page.html").as_uri())
    page.wait_for_selector(".stage[data-shown]")
    assert page.get_by_text(re.compile("“row .*” looks at")).is_visible()


def test_windows_of_several_images_are_refused():
    model = other_models.swin()
    with torch.inference_mode(), jumok.record(model) as maps, finding_windows(model) as windows:
        model(squashed(56).repeat(2, 1, 1, 1))
    with pytest.raises(DataError, match="8 windows, where one image has 4"):
        jumok.show(maps, windows=windows)
    with pytest.raises(DataError, match="there is no example 1"):
        jumok.show(maps, example=1, windows=windows)
