"""Parts of the page that once went blank, hid or said what was not so."""

import made_looks as made
import numpy as np
import pytest
import torch
from page_parts import query, shown, through
from test_page import radio, save, top

import jumok
import other_models
from jumok.inspection.layers import WindowedLayer
from jumok.inspection.windows import finding_windows
from jumok.workbench import packing

DRAWN = """() => [...document.querySelectorAll('.thumb canvas')].filter(canvas => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  return data.some((value, i) => i >= 4 && value !== data[i % 4]);
}).length"""


def all_drawn(page, count=48):
    page.wait_for_function(f"() => ({DRAWN})() === {count}", polling=100)


@pytest.mark.parametrize("sort", [None, "entropy"])
def test_whole_maps_are_drawn_again_for_all_that_is_chosen_after(look, sort):
    page = look("text")
    if sort:
        radio(page, sort)
        page.get_by_text("Most focused first.").wait_for()
    radio(page, "whole map")
    all_drawn(page)
    radio(page, "encoder, self")
    all_drawn(page)
    page.get_by_role("radio", name="A man in a yellow helmet fixes").click()
    all_drawn(page)
    page.get_by_label("german", exact=True).press("Enter")
    all_drawn(page)
    page.get_by_role("button", name="한국어").click()
    all_drawn(page)


def test_a_pinned_key_and_another_language_leave_the_grid_drawn(look):
    page = look("text")
    page.locator(".row.key .token").nth(3).click()
    shown(page, "key:3")
    page.get_by_role("button", name="한국어").click()
    shown(page, "key:3")
    all_drawn(page)


VISIBLE = """() => {
  const own = document.querySelector('.row.key .tokens').getBoundingClientRect();
  return [...document.querySelectorAll('.row.key .token')].filter(token => token.checkVisibility()).map(token => {
    const box = token.getBoundingClientRect();
    return [Number(token.dataset.i), box.left >= own.left - 1 && box.right <= own.right + 1];
  });
}"""


@pytest.mark.parametrize("width", [1280, 700, 390])
def test_the_lens_hides_none_of_its_tokens(look, width):
    page = look("long", width=width)
    strip = page.locator(".row.key .strip").bounding_box()
    for share in (0.001, 0.3, 0.999):
        page.mouse.move(strip["x"] + strip["width"] * share, strip["y"] + 10)
        place = int(share * 300)
        page.locator(f".row.key .token[data-i='{place}']").wait_for()
        found = page.evaluate(VISIBLE)
        assert all(whole for _, whole in found) and place in [i for i, _ in found]
        numbers = [i for i, _ in found]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_the_ends_of_a_long_text_are_reached_by_keys(look):
    page = look("long")
    radio(page, "encoder, self")
    page.wait_for_selector(".stage[data-shown]")
    page.locator(".row.query .token:visible").first.click()
    page.keyboard.press("End")
    shown(page, "query:299")
    box, own = (
        page.locator(what).bounding_box()
        for what in (".row.query .token[data-i='299']", ".row.query .tokens")
    )
    assert own["x"] <= box["x"] and box["x"] + box["width"] <= own["x"] + own["width"] + 1
    page.keyboard.press("Home")
    shown(page, "query:0")
    box = page.locator(".row.query .token[data-i='0']").bounding_box()
    assert own["x"] <= box["x"] and page.evaluate("document.activeElement.dataset.i") == "0"


def test_a_page_saved_from_the_page_keeps_all_attentions(look, open_page, tmp_path):
    page = look("text")
    page.get_by_role("radio", name="A man in a yellow helmet fixes").click()
    through(page, 2, 3)
    query(page, 2).click()
    save(page, "Offline").save_as(tmp_path / "page.html")
    offline = open_page((tmp_path / "page.html").as_uri())
    shown(offline, "query:2")
    assert "Layer 2, head 3" in offline.locator(".facts").inner_text()  # as it was saved
    assert offline.locator(".row.query .token").count() == 11 and top(offline) == top(page)
    for name in ("encoder, self", "decoder, self", "cross"):
        for one in (page, offline):
            radio(one, name)
            through(one, 4, 2)
            one.locator(".row.query .token").nth(5).click()
            shown(one, "query:5")
        assert top(offline) == top(page)
    assert offline.locator(".message").is_hidden()
    radio(offline, "decoder, self")
    offline.get_by_role("radio", name="A man with a yellow helmet").first.click()
    offline.get_by_text("Only answer 2 was saved in this file.").wait_for()


def test_a_page_opens_on_the_head_that_tells_most(look, serve, open_page):
    server = serve("text")
    maps = server.server.runs[0][3].weights["english.cross"]
    maps[:] = 0.01 / 13
    maps[:, :, :, -1] = 0.99  # all rest on the end mark
    maps[2, 5] = 0.01 / 13
    maps[2, 5, np.arange(14), made.SOURCE_OF] = 0.99
    maps[4, 1] = 0.01 / 13
    maps[4, 1, :, 6] = 0.99  # as sharp, and always on one token
    page = open_page(server.address)
    page.wait_for_selector(".stage[data-shown]")
    assert "Layer 3, head 6" in page.locator(".facts").inner_text()
    assert page.locator(".stage").get_attribute("data-shown") != "query:13"  # the end mark


def test_causal_attention_opens_on_what_looks_back(look):
    page = look("text")
    maps = page.server.runs[0][3].weights["english.decoder"]
    maps[:] = np.eye(14)
    maps[1, 2] = np.eye(14, k=-1)
    maps[1, 2, 0, 0] = 1
    radio(page, "decoder, self")
    page.locator(".facts", has_text="Layer 2, head 3").wait_for()
    assert page.get_by_text("one step earlier, after the start token").is_visible()


def test_the_list_of_the_strongest_is_reached_by_keys(look):
    page = look("text")
    page.locator(".top li").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement === document.querySelectorAll('.top li')[1]")
    number = page.locator(".top li").nth(1).get_attribute("data-i")
    page.keyboard.press("Enter")
    shown(page, f"key:{number}")


def test_the_shade_is_explained_with_its_largest(look):
    page = look("text")
    most = page.locator(".top .number").first.inner_text()
    assert page.locator(".legend").inner_text().strip() == f"Shade = weight ÷ largest ({most})."


def test_on_paper_colours_stay_and_buttons_go(look):
    page = look("text")
    page.emulate_media(media="print")
    assert page.locator(".inputs").is_hidden() and page.locator(".head nav").is_hidden()
    adjust = page.locator(".row.key .token").first.evaluate("node => getComputedStyle(node).printColorAdjust")
    assert adjust == "exact" and page.locator(".stage").is_visible()


def opened(shown, open_page, tmp_path):
    page = open_page(shown.save(tmp_path / "page.html").as_uri())
    page.wait_for_selector(".stage[data-shown]")
    return page


@pytest.mark.parametrize(("limit", "tag"), [(10**9, "exact"), (100_000, "rounded"), (2_000, "pooled")])
def test_numbers_are_called_exact_only_where_they_are(monkeypatch, open_page, tmp_path, limit, tag):
    monkeypatch.setattr(packing, "LIMIT", limit)
    with torch.inference_mode(), jumok.record(model := other_models.vit_of(12)) as maps:
        model(torch.rand(1, 3, 192, 192))
    page = opened(jumok.show(maps, image=made.landscape()), open_page, tmp_path)
    assert page.locator(".facts .tag").inner_text() == tag
    assert page.get_by_text("To fit this file").is_visible() == (tag != "exact")


@pytest.mark.parametrize("rounded", [False, True])
def test_windows_in_a_page_are_those_of_the_recording(monkeypatch, open_page, tmp_path, rounded):
    model = other_models.swin()
    with torch.inference_mode(), jumok.record(model) as maps, finding_windows(model) as windows:
        model(torch.rand(1, 3, 56, 56))
    if rounded:
        monkeypatch.setattr(packing, "LIMIT", 200_000)
    page = opened(jumok.show(maps, image=made.landscape(), windows=windows), open_page, tmp_path)
    assert page.locator(".facts .tag").inner_text() == ("rounded" if rounded else "exact")
    pack = "jumok.app.panels[0].source.packs['0']"
    for head, name in ((1, "layers.0.blocks.0.attn"), (3, "layers.0.blocks.1.attn")):  # the second is shifted
        for y, x in ((0, 0), (7, 7), (13, 2)):
            expected = WindowedLayer(maps[name], windows[name])[0, head % 2, 14 * y + x].numpy()
            found = page.evaluate(f"() => {pack}.one({head}, {14 * y + x})")
            assert np.allclose(found, expected, atol=1e-5 if rounded else 1e-7)
            single = page.evaluate(
                f"() => Array.from({{length: 196}}, (_, s) => {pack}.at({head}, {14 * y + x}, s))"
            )
            assert np.allclose(single, found, atol=0)
    column = WindowedLayer(maps[name], windows[name])[0, 1, :, 7 * 14 + 7].numpy()
    assert np.allclose(page.evaluate(f"() => {pack}.column(1, 1, {7 * 14 + 7})"), column, atol=1e-5)


def test_pooled_cells_of_a_page_are_blocks_of_the_image(monkeypatch, open_page, tmp_path):
    monkeypatch.setattr(packing, "LIMIT", 8_000)
    with torch.inference_mode(), jumok.record(model := other_models.vit_of(12)) as maps:
        model(torch.rand(1, 3, 192, 192))
    shown_page = jumok.show(maps, image=made.landscape())
    (one,) = shown_page.document["attentions"]
    size = shown_page.details["packed"][one["id"]]["pool"][0]
    page = opened(shown_page, open_page, tmp_path)
    row = np.array(page.evaluate("() => jumok.app.panels[0].source.packs['0'].one(0, 80)"))[1:].reshape(
        12, 12
    )
    assert size > 1
    for y in range(0, 12, size):
        for x in range(0, 12, size):
            assert len(np.unique(row[y : y + size, x : x + size])) == 1
    assert page.get_by_text(f"the largest of {size**2} × {size**2} weights").is_visible()


def test_dropout_is_told_in_the_place_of_a_tick(open_page, tmp_path):
    with jumok.record(model := torch.nn.TransformerEncoderLayer(8, 2, 16, 0.5, batch_first=True)) as maps:
        model(torch.randn(1, 5, 8))
    page = opened(jumok.show(maps, tokens=list("abcde")), open_page, tmp_path)
    assert page.locator(".badge.bad").inner_text() == "! weights not checked: dropout was on"


def test_a_decoder_alone_looks_at_its_own_token(open_page, tmp_path):
    with torch.inference_mode(), jumok.record(model := other_models.gpt2()) as maps:
        model(input_ids=torch.tensor([[3, 4, 5, 6]]))
    page = opened(jumok.show(maps, tokens=["Ein", "Hund", "läuft", "im"]), open_page, tmp_path)
    query(page, 2).hover()
    shown(page, "query:2")
    assert page.locator(".side h3").inner_text() == "“läuft” looks at"
    page.get_by_role("button", name="한국어").click()
    page.locator(".side h3", has_text="‘läuft’에서 본 곳").wait_for()
    assert page.locator(".answers").count() == 0


def test_a_frame_in_a_notebook_is_as_high_as_its_page(open_page, tmp_path):
    with torch.inference_mode(), jumok.record(model := other_models.gpt2()) as maps:
        model(input_ids=torch.tensor([[3, 4, 5, 6]]))
    frame = jumok.show(maps)._repr_html_()
    (tmp_path / "notebook.html").write_text(
        f"<!doctype html><meta charset='utf-8'><body>{frame}{frame}</body>"
    )
    page = open_page((tmp_path / "notebook.html").as_uri())
    inside = page.frame_locator("iframe").first
    inside.locator(".stage[data-shown]").wait_for()
    page.wait_for_function("() => Math.abs(document.querySelector('iframe').clientHeight - 760) > 5")
    spill = inside.locator("html").evaluate("node => node.scrollHeight - node.clientHeight")
    assert spill <= 0
