"""`jumok.show`: the page of any recording, its document, its numbers, and how it looks in a browser."""

import base64
import json
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from made_looks import landscape
from torch import nn

import jumok
from jumok.errors import DataError, RunError
from jumok.inspection.groups import grid_of
from jumok.workbench import packing
from jumok.workbench.show import build_page

SOURCE = ["▁die", "▁alte", "▁Müh", "le", "▁läuft", "</script>", "</s>"]
TARGET = ["▁the", "▁old", "▁mill", "▁runs", "</s>"]


class Attention(nn.Module):
    """Two heads of the fused kernel."""

    def __init__(self, width=8):
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(width, width) for _ in range(3))

    def forward(self, x, memory, causal=False):
        read = [part(y) for part, y in zip(self.parts, (x, memory, memory), strict=True)]
        q, k, v = (y.unflatten(-1, (2, -1)).transpose(1, 2) for y in read)
        return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(2)


class Layer(nn.Module):
    def __init__(self, cross):
        super().__init__()
        self.attention = Attention()
        self.cross = Attention() if cross else None

    def forward(self, x, memory=None):
        x = x + self.attention(x, x, causal=memory is not None)
        return x if memory is None else x + self.cross(x, memory)


class Translator(nn.Module):
    """An encoder and a decoder of two layers each, as anybody might write them."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList(Layer(False) for _ in range(2))
        self.decoder = nn.ModuleList(Layer(True) for _ in range(2))

    def forward(self, source, target):
        for layer in self.encoder:
            source = layer(source)
        for layer in self.decoder:
            target = layer(target, source)
        return target


@pytest.fixture
def recorded():
    model = Translator()
    with torch.no_grad(), jumok.record(model) as maps:
        model(torch.randn(2, len(SOURCE), 8), torch.randn(2, len(TARGET), 8))
    return maps


def unpacked(shown, id):
    pack = shown.details["packed"][id]
    raw = np.frombuffer(base64.b64decode(pack["data"]), "<f4" if pack["kind"] == "float32" else "<u2")
    return raw.astype(np.float32).reshape(sum(pack["heads"]), -1, -(-pack["S"] // pack["pool"][1])), pack


def by_use(shown):
    return {one["use"]: one for one in shown.document["attentions"]}


def test_layers_are_grouped_by_what_they_are_for(recorded):
    shown = jumok.show(recorded, queries=TARGET, keys=SOURCE)
    uses = by_use(shown)
    assert {use: len(one["layers"]) for use, one in uses.items()} == {"encoder": 2, "decoder": 2, "cross": 2}
    assert uses["cross"]["layers"][1] == {"name": "decoder.1.cross", "heads": 2}
    assert uses["cross"]["queries"]["labels"] == TARGET and uses["cross"]["keys"]["labels"] == SOURCE
    assert uses["encoder"]["queries"] == uses["encoder"]["keys"]
    assert uses["decoder"]["causal"] and uses["decoder"]["keys"]["labels"] == ["<start>", *TARGET[:-1]]


def test_the_weights_are_those_of_the_maps(recorded):
    shown = jumok.show(recorded, example=1)
    for use, name in (
        ("cross", "decoder.{}.cross"),
        ("encoder", "encoder.{}.attention"),
        ("decoder", "decoder.{}.attention"),
    ):
        kept, pack = unpacked(shown, by_use(shown)[use]["id"])
        expected = torch.cat([recorded[name.format(layer)][1] for layer in range(2)])
        assert pack["kind"] == "float32" and np.array_equal(kept, expected.numpy())
    assert shown.details["/api/check?look=&answer=0"]["holds"]


def test_a_model_of_one_sequence_has_tokens():
    model = Layer(False)
    with torch.no_grad(), jumok.record(model) as maps:
        model(torch.randn(1, len(SOURCE), 8))
    (use,) = jumok.show(maps, tokens=SOURCE).document["attentions"]
    assert use["queries"]["labels"] == use["keys"]["labels"] == SOURCE
    with pytest.raises(ValueError, match="queries and keys alike"):
        jumok.show(maps, tokens=SOURCE, keys=SOURCE)


def test_without_tokens_positions_have_numbers(recorded):
    cross = by_use(jumok.show(recorded))["cross"]
    assert cross["queries"]["labels"] == ["1", "2", "3", "4", "5"] and len(cross["keys"]["labels"]) == 7


def test_steps_through_a_cache_follow_one_another():
    model, memory, past = Attention(), torch.randn(1, 6, 8), torch.randn(1, 4, 8)
    with torch.no_grad(), jumok.record(model) as maps:
        for step in range(4):
            model(past[:, step : step + 1], past[:, : step + 1])
    shown = jumok.show(maps, queries=list("abcd"))
    kept, _ = unpacked(shown, "0")
    assert shown.document["attentions"][0]["use"] == "decoder" and kept.shape == (2, 4, 4)
    assert np.array_equal(kept[:, 2, :3], maps.all("")[2][0, :, 0].numpy()) and not kept[:, 2, 3].any()
    with torch.no_grad(), jumok.record(model) as maps:
        for step in range(4):
            model(past[:, step : step + 1], memory)
    assert unpacked(jumok.show(maps), "0")[0].shape == (2, 4, 6)


FITS = [(20_000, "float32", [1, 1]), (10_000, "uint16", [1, 1]), (3_900, "uint16", [1, 3])]


@pytest.mark.parametrize(("limit", "kind", "pool"), FITS)
def test_what_does_not_fit_is_rounded_then_pooled_and_says_so(monkeypatch, limit, kind, pool):
    monkeypatch.setattr(packing, "LIMIT", limit)
    model = Attention()
    with torch.no_grad(), jumok.record(model) as maps:
        model(torch.randn(1, 20, 8), torch.randn(1, 100, 8))
    kept, pack = unpacked(jumok.show(maps), "0")
    exact = maps[""][0].numpy()
    if pool == [1, 3]:
        exact = np.pad(exact, ((0, 0), (0, 0), (0, 2))).reshape(2, 20, 34, 3).max(-1)
    assert (pack["kind"], pack["pool"]) == (kind, pool) and len(base64.b64decode(pack["data"])) <= limit
    if kind == "float32":
        assert np.array_equal(kept, exact)
    else:
        assert np.abs(kept / 65535 - exact).max() < 0.51 / 65535


def test_small_maps_are_not_pooled_for_large_ones(monkeypatch):
    monkeypatch.setattr(packing, "LIMIT", 40_000)
    model = nn.ModuleDict({"large": Attention(), "small": Attention()})
    with torch.no_grad(), jumok.record(model) as maps:
        for name, size in (("large", 100), ("small", 20)):
            model[name](torch.randn(1, size, 8), torch.randn(1, size, 8))
    packed = jumok.show(maps).details["packed"]
    assert [packed[id]["pool"] for id in "01"] == [[2, 2], [1, 1]] and packed["1"]["kind"] == "float32"


GRIDS = {196: (14, 14), 197: (14, 14), 198: (14, 14), 261: (16, 16), 108: (9, 12), 109: (9, 12), 47: None}


@pytest.mark.parametrize(("count", "grid"), GRIDS.items())
def test_cells_are_found_by_their_number(count, grid):
    assert grid_of(count, (384, 288)) == grid


def test_an_image_has_cells_and_a_class_token():
    model = Attention()
    with torch.no_grad(), jumok.record(model) as maps:
        x = torch.randn(1, 17, 8)
        model(x, x)
    shown = jumok.show(maps, image=landscape())
    axis = shown.document["attentions"][0]["keys"]
    assert (axis["rows"], axis["columns"], axis["cell"], axis["extra"]) == (4, 4, [72.0, 96.0], ["[CLS]"])
    assert shown.document["inputs"][0]["image"].startswith("data:image/png;base64,")


def test_faults_are_told(recorded):
    with pytest.raises(DataError, match="there is no example 2; the recorded batch has 2"):
        jumok.show(recorded, example=2)
    recorded.clear()
    with pytest.raises(RunError, match="no attention was recorded"):
        jumok.show(recorded)


def test_data_cannot_leave_its_place_in_the_page(recorded):
    title = "</title><script>alert(1)</script>"
    page = jumok.show(recorded, queries=TARGET, keys=SOURCE, title=title).page
    assert "<script>alert" not in page
    data = re.search(r'<script type="application/json" id="jumok-data">(.*?)</script>', page, re.DOTALL)[1]
    look = json.loads(data)["looks"][0]
    assert look["document"]["inputs"][0]["tokens"] == SOURCE and look["document"]["model"]["name"] == title


def test_a_notebook_shows_a_closed_frame(recorded):
    frame = jumok.show(recorded)._repr_html_()
    assert 'srcdoc="&lt;!doctype html&gt;' in frame and "allow-same-origin" not in frame


def test_the_file_is_a_page_that_works_alone(recorded, open_page, tmp_path):
    file = jumok.show(recorded, queries=TARGET, keys=SOURCE, title="Translator").save(tmp_path / "page.html")
    page = open_page(file.as_uri())
    page.wait_for_selector(".stage[data-shown]")
    page.get_by_role("option", name="Layer 2, head 1").click()
    page.locator(".row.query .token").nth(2).hover()
    page.wait_for_selector(".stage[data-shown='query:2']")
    weights = recorded["decoder.1.cross"][0, 0, 2]
    assert page.locator(".top .number").first.inner_text() == f"{float(weights.max()):.4f}"
    for view in ("Mean of heads", "Alignment"):
        page.get_by_role("radio", name=view).click()
    page.get_by_role("radio", name="encoder, self").click()
    page.get_by_role("radio", name="Rollout").click()
    page.get_by_role("radio", name="entropy").click()
    page.get_by_text("Most focused first.").wait_for()
    assert page.get_by_text("ablation_test does this test").is_visible()
    assert page.locator(".message").is_hidden()


def test_rollout_in_a_file_is_that_of_a_product_of_layers(recorded, open_page, tmp_path):
    page = open_page(jumok.show(recorded).save(tmp_path / "page.html").as_uri())
    page.wait_for_selector(".stage[data-shown]")
    pack = "jumok.app.panels[0].source.packs['0']"
    found = page.evaluate(f"() => [0, 3].map(t => {pack}.rollout(t))")
    layers = [0.5 * recorded[f"encoder.{n}.attention"][0].mean(0) + 0.5 * torch.eye(7) for n in range(2)]
    assert np.allclose(found, (layers[1] @ layers[0])[[0, 3]].numpy(), atol=1e-6)


def test_a_frame_in_a_notebook_works_without_storage(recorded, open_page, tmp_path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(
        f"<!doctype html><meta charset='utf-8'><body>{jumok.show(recorded)._repr_html_()}</body>"
    )
    page = open_page(notebook.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator(".stage[data-shown]").wait_for()
    frame.get_by_role("button", name="한국어").click()
    frame.get_by_text("모든 층과 헤드").wait_for()


def test_a_page_of_given_details_answers_from_them(open_page, tmp_path):
    import made_looks as made

    look = made.translation(layers=1, heads=2)
    row = look.weights["english.cross"][:, :, 1].tolist()
    details = {"/api/row?look=translation&answer=0&attention=english.cross&query=0": {"weights": row}}
    (tmp_path / "page.html").write_text(build_page(look.document, details))
    page = open_page((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".stage[data-shown='query:0']")
    page.locator(".row.query .token").nth(5).hover()
    page.get_by_text("This was not saved in this file.").wait_for()
