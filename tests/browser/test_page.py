"""The page of the workbench in a real browser, on made-up looks."""

import io
import json
import re

import made_looks as made
import numpy as np
from page_parts import query, shown, through
from PIL import Image


def key(page, number):
    return page.locator(".row.key .token").nth(number)


def top(page):
    """The strongest that are listed: labels and numbers."""
    read = "items => items.map(item => ['.label', '.number'].map(part => item.querySelector(part).innerText))"
    return [tuple(item) for item in page.locator(".top li").evaluate_all(read)]


def colours(image):
    """How many colours an image has."""
    return len(image.convert("RGB").getcolors(1 << 24))


def radio(page, name, panel=0):
    page.locator(".panel").nth(panel).get_by_role("radio", name=re.compile(name)).first.click()


def test_the_page_and_its_parts_are_small():
    from made_server import PAGE

    assert sum(map(len, PAGE.values())) < 300_000
    assert b"http://" not in b"".join(
        body.replace(b"http://www.w3.org/2000/svg", b"") for body in PAGE.values()
    )


def test_typing_a_text_and_pressing_enter_looks(look):
    page = look("text")
    field = page.get_by_label("german", exact=True)
    field.fill("Zwei Hunde")
    with page.expect_response("**/api/look") as response:
        field.press("Enter")
    assert json.loads(response.value.request.post_data) == {"run": 0, "inputs": {"german": "Zwei Hunde"}}
    assert page.get_by_role(
        "radio", name="A man with a yellow helmet repairs an old bicycle"
    ).first.is_visible()
    page.get_by_role("button", name="Ein Mann").click()
    assert field.input_value().startswith("Ein Mann")


def test_what_cannot_be_looked_at_is_told_and_the_page_goes_on(look):
    page = look("text")
    field = page.get_by_label("german", exact=True)
    field.fill("  ")
    field.press("Enter")
    assert page.get_by_text("Please type something first.").is_visible()
    field.fill("wrong")
    field.press("Enter")
    page.get_by_text("this input cannot be read").wait_for()
    page.faults.clear()  # the browser notes a refused request
    field.fill("Ein Hund")
    field.press("Enter")
    page.locator(".message").wait_for(state="hidden")


def test_pointing_at_a_token_shows_exact_weights(look):
    page = look("text")
    weights = page.server.runs[0][3].weights["english.cross"][5, 0]
    through(page, 6, 1)
    query(page, 4).hover()
    shown(page, "query:4")
    order = np.argsort(-weights[4], kind="stable")[:8]
    labels = [made.GERMAN[i].replace("▁", "") for i in order]
    assert top(page) == [(label, f"{weights[4, i]:.4f}") for label, i in zip(labels, order, strict=True)]
    assert page.locator(".curves path:visible").count() > 2
    strongest = key(page, int(order[0])).evaluate("node => node.style.getPropertyValue('--w')")
    assert float(strongest) == 1.0


def test_a_pinned_token_stays_and_a_source_token_shows_who_looked(look):
    page = look("text")
    through(page, 6, 1)
    query(page, 4).click()
    shown(page, "query:4")
    query(page, 8).hover()
    page.wait_for_timeout(60)
    assert page.locator(".stage").get_attribute("data-shown") == "query:4"
    assert query(page, 4).get_attribute("aria-selected") == "true"
    key(page, 3).hover()
    weights = page.server.runs[0][3].weights["english.cross"][5, 0]
    assert page.locator(".tip").inner_text().endswith(f"{weights[4, 3]:.4f}")
    key(page, 3).click()
    shown(page, "key:3")
    assert page.get_by_role("heading", name="Who looked at “gel”").is_visible()
    assert top(page)[0][1] == f"{weights[:, 3].max():.4f}"
    page.get_by_role("button", name="Unpin").click()
    shown(page, "query:4")


def test_keys_move_along_tokens_layers_and_heads(look):
    page = look("text")
    through(page, 6, 1)
    query(page, 0).hover()
    shown(page, "query:0")
    page.locator("body").press("ArrowRight")
    shown(page, "query:1")
    page.keyboard.press("ArrowRight")
    shown(page, "query:2")
    assert query(page, 2).evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    assert query(page, 2).get_attribute("aria-selected") == "true"
    page.keyboard.press("Escape")
    page.keyboard.press("[")
    page.keyboard.press(".")
    page.get_by_text("Layer 5, head 2").first.wait_for()
    page.keyboard.press("p")
    assert query(page, 2).get_attribute("aria-selected") == "true"
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()
    page.keyboard.press("/")
    assert page.get_by_label("german", exact=True).evaluate("node => node === document.activeElement")


UNNAMED = """() => [...document.querySelectorAll('button, input, select, textarea, [role]')]
  .filter(node => node.checkVisibility())
  .filter(node => !['option', 'status', 'alert', 'presentation', 'group', 'menu'].includes(node.role ?? ''))
  .filter(node => !node.textContent.trim() && !node.ariaLabel && !node.labels?.length)
  .map(node => node.outerHTML.slice(0, 80))"""


def test_all_that_looks_are_words_for_a_screen_reader(look):
    page = look("text")
    assert page.locator("html").get_attribute("lang") == "en"
    assert (
        page.get_by_role("listbox", name="english: queries (who looks)").get_by_role("option").count() == 14
    )
    assert page.get_by_role("listbox", name="All layers and heads").get_by_role("option").count() == 48
    query(page, 4).click()
    page.wait_for_function("() => document.getElementById('live').textContent.startsWith('yellow looks at ')")
    tabbable = page.locator(".row.query [role=option][tabindex='0']")
    assert tabbable.count() == 1 and tabbable.inner_text() == "yellow"
    assert page.evaluate(UNNAMED) == []


def test_the_order_of_focus_is_the_order_of_reading(look):
    page = look("text")
    page.locator("body").press("Tab")
    seen = []
    for _ in range(26):
        seen.append(page.evaluate("(a => a.textContent.trim().slice(0, 12) || a.id)(document.activeElement)"))
        page.keyboard.press("Tab")
    order = [
        next(i for i, text in enumerate(seen) if text == name or len(name) > 3 and text.startswith(name))
        for name in ("Save", "Help", "input-german", "Look", "cross", "One head", "A", "Ein")
    ]
    assert order == sorted(order)


PAIRS = [
    ("ink", ("paper", "card", "token", "shade", "pinned", "lens")),
    ("quiet", ("paper", "card", "token")),
]
PAIRS += [("heat", ("card", "paper")), ("pin", ("card",)), ("bad", ("pinned",))]


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_read(look):
    page = look("text")
    for _ in range(2):
        value = {
            name: page.evaluate("name => jumok.colour(name)", name)
            for name in {"paper", *sum(([a, *b] for a, b in PAIRS), [])}
        }
        low = [(a, b) for a, behind in PAIRS for b in behind if contrast(value[a], value[b]) < 4.5]
        assert low == []
        page.locator("nav .theme").click()


def test_heads_are_chosen_sorted_and_seen_as_whole_maps(look):
    page = look("text")
    page.get_by_role("option", name="Layer 2, head 3").click()
    page.locator(".facts", has_text="Layer 2, head 3").wait_for()
    radio(page, "entropy")
    page.get_by_text("Most focused first.").wait_for()
    first = made.statistics(page.server.runs[0][3].weights["english.cross"])
    best = min(first, key=lambda one: one["entropy"])
    name = page.locator(".thumb").first.get_attribute("aria-label")
    assert name == f"Layer {best['layer'] + 1}, head {best['head'] + 1}"
    assert page.locator(".heads .tag").is_visible()
    radio(page, "whole map")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').filter(one => one.name.includes('/api/map')).length >= 48"
    )


def test_what_is_derived_says_so(look):
    page = look("text")
    weights = page.server.runs[0][3].weights["english.cross"].mean((0, 1))
    radio(page, "Mean of heads")
    page.get_by_text("mean of all heads").wait_for()
    query(page, 0).hover()
    shown(page, "query:0")
    assert top(page)[0][1] == f"{weights[0].max():.4f}"
    assert page.locator(".whole").is_hidden() and page.locator(".thumb[aria-selected=true]").count() == 0
    assert page.get_by_role("radio", name="Mean of heads").locator(".tag").inner_text() == "derived"
    radio(page, "Alignment")
    page.wait_for_function("() => document.querySelectorAll('.curves path').length >= 14")
    radio(page, "encoder, self")
    radio(page, "Rollout")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(one => one.name.includes('view=rollout'))"
    )


def test_another_answer_has_its_own_tokens(look):
    page = look("text")
    page.get_by_role("radio", name="A man in a yellow helmet fixes").click()
    page.wait_for_function("() => document.querySelectorAll('.row.query .token').length === 11")
    assert query(page, 5).inner_text() == "helmet"
    radio(page, "decoder, self")
    assert key(page, 0).inner_text() == "<s>" and key(page, 6).inner_text() == "helmet"


def test_the_steps_of_the_search_point_at_their_token(look):
    page = look("text")
    page.get_by_text("Step by step").click()
    slider = page.get_by_role("slider")
    slider.wait_for()
    slider.fill("3")
    shown(page, "query:2")
    assert page.locator(".beams li").count() == 3
    assert page.locator(".beams li.chosen .last").inner_text() == "with"
    page.get_by_role("button", name="next", exact=True).click()
    shown(page, "query:3")


def test_whether_it_matters_is_tested_and_told(look):
    page = look("text")
    through(page, 6, 1)
    query(page, 4).click()
    with page.expect_response("**/api/test**") as response:
        page.get_by_role("button", name="Test this").click()
    assert response.value.request.method == "POST"
    assert "query=4&layer=5&head=0" in response.value.url
    page.get_by_text("It mattered").wait_for()
    assert page.locator(".dots circle.random").count() == 20
    assert page.locator(".dots .name").text_content() == "−2.31"
    query(page, 6).click()
    shown(page, "query:6")
    assert page.locator(".pill").count() == 0
    query(page, 4).click()
    page.get_by_text("It mattered").wait_for()
    assert sum("/api/test" in path for path in page.server.asked) == 1


def test_the_check_stands_on_the_page_and_the_note_beside_the_view(look):
    page = look("text")
    assert page.locator(".badge").inner_text() == "✓ weights · values = kernel output · error 3e−8"
    assert page.get_by_text("Attention is evidence, not explanation.").is_visible()
    page.get_by_role("button", name="What does that mean?").click()
    assert page.get_by_role("dialog").get_by_text("Wiegreffe").first.is_visible()


def test_korean_stays_chosen(look):
    page = look("text")
    query(page, 4).click()
    page.get_by_role("button", name="한국어").click()
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.get_by_role("button", name="시험해 보기").is_visible()
    shown(page, "query:4")
    page.reload()
    page.wait_for_selector(".stage[data-shown]")
    assert page.get_by_text("모든 층과 헤드").is_visible()


def test_both_languages_say_everything(look):
    page = look("bottleneck")
    english, korean = (set(page.evaluate(f"() => Object.keys(jumok.words.{name})")) for name in ("en", "ko"))
    assert english == korean


def test_dark_follows_the_system_until_it_is_chosen(look):
    page = look("text", dark=True)
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.get_by_role("button", name="Light").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(247, 247, 244)"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_long_texts_are_a_strip_and_a_lens(look):
    page = look("long")
    assert page.locator(".row.key .token").count() < 40
    query(page, 3).hover()
    shown(page, "query:3")
    layer, head = page.evaluate("() => { const s = jumok.app.panels[0].settings; return [s.layer, s.head]; }")
    strongest = int(page.server.runs[0][3].weights["summary.cross"][layer, head, 3].argmax())
    assert page.locator(f".row.key .token[data-i='{strongest}']").is_visible()
    box = page.locator(".row.key .strip").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + 10)
    page.locator(".row.key .token[data-i='30']").wait_for()
    radio(page, "encoder, self")
    box = page.locator(".row.query .strip").bounding_box()
    page.mouse.move(box["x"] + box["width"] * (200.5 / 300), box["y"] + 10)
    shown(page, "query:200")
    page.mouse.click(box["x"] + box["width"] * (200.5 / 300), box["y"] + 10)
    page.locator(".row.query .token[data-i='200']").focus()
    page.keyboard.press("ArrowRight")
    shown(page, "query:201")


PAINTED = """() => {
  const canvas = document.querySelector('canvas.heat');
  return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
}"""


def test_boxes_and_the_image_ask_for_one_another(look):
    page = look("boxes")
    weights = page.server.runs[0][3].weights["things.cross"][2, 0]
    through(page, 3, 1)
    page.locator(".box", has_text="sun").click()
    shown(page, "query:11")
    assert top(page)[0][1] == f"{weights[11].max():.4f}"
    assert page.evaluate(PAINTED)
    page.get_by_role("option", name="house (0.97)").click()
    shown(page, "query:4")
    frame = page.locator(".picture").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] * 0.5, frame["y"] + frame["height"] * 0.1)
    shown(page, f"key:{0 * 12 + 6}")
    assert page.locator(".box.asked").count() == 3
    radio(page, "Exact cells")


def test_a_pixel_of_a_mask_is_a_query(look):
    page = look("mask")
    frame = page.locator(".picture").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] * 0.68, frame["y"] + frame["height"] * 0.5)
    shown(page, f"query:{1 + 4 * 12 + 8}")
    assert "house" in page.locator(".tip").inner_text()
    page.get_by_role("radio", name="at who looked here").click()
    page.mouse.click(frame["x"] + 5, frame["y"] + 5)
    shown(page, "key:1")
    page.get_by_role("button", name="[CLS]", exact=True).click()
    shown(page, "key:0")
    page.locator(".picture").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    shown(page, "key:13")


def test_words_of_a_caption_look_at_the_image_and_back(look):
    page = look("caption")
    query(page, 2).click()
    shown(page, "query:2")
    frame = page.locator(".picture").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] * 0.2, frame["y"] + frame["height"] * 0.2)
    shown(page, f"key:{1 * 12 + 2}")
    assert top(page)[0][0] in ("a", "bright", "sun")


BROUGHT = """([event, target, bytes]) => {
  const data = new DataTransfer(), how = {bubbles: true, cancelable: true};
  data.items.add(new File([new Uint8Array(bytes)], 'b.png', {type: 'image/png'}));
  const made = event === 'drop' ? new DragEvent(event, {...how, dataTransfer: data})
    : new ClipboardEvent(event, {...how, clipboardData: data});
  document.querySelector(target).dispatchEvent(made);
}"""


def test_an_image_is_chosen_dropped_or_pasted(look):
    page = look("boxes")
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "#456789").save(stream, "PNG")
    page.locator("input[type=file]").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": stream.getvalue()}
    )
    page.wait_for_function("() => document.querySelector('.panel').getAttribute('aria-busy') === 'false'")
    kind, body = page.server.posted[-1]
    assert (
        kind.startswith("multipart/form-data")
        and b'name="photo"' in body
        and b'name="run"' in body
        and stream.getvalue() in body
    )
    for event, target in (("drop", ".inputs"), ("drop", "main"), ("paste", "body")):
        before = len(page.server.posted)
        page.evaluate(BROUGHT, [event, target, list(stream.getvalue())])
        while len(page.server.posted) == before:
            page.wait_for_timeout(10)
        page.wait_for_function("() => document.querySelector('.panel').getAttribute('aria-busy') === 'false'")
        assert len(page.server.posted) == before + 1


def test_nothing_to_see_says_why(look):
    page = look("bottleneck")
    page.get_by_role("heading", name="No attention to show.").wait_for()
    assert page.get_by_text("squeezes the whole input into one vector").is_visible()
    assert page.get_by_text("AH T EH N SH AH N").is_visible()


def test_two_models_point_at_the_same(look):
    page = look("compare")
    page.wait_for_function("() => document.querySelectorAll('.stage[data-shown]').length === 2")
    query(page, 7, panel=0).hover()
    shown(page, "query:7", panel=0)
    shown(page, "query:7", panel=1)
    query(page, 3, panel=1).click()
    shown(page, "query:3", panel=0)
    assert query(page, 3, panel=0).get_attribute("aria-selected") == "true"
    radio(page, "encoder, self", panel=1)
    page.get_by_label("Compare with").select_option("")
    assert page.locator(".panel").count() == 1
    page.get_by_label("Compare with").select_option("1")
    page.wait_for_function("() => document.querySelectorAll('.stage[data-shown]').length === 2")


def test_pointing_asks_the_server_once_for_each_query(look):
    page = look("text")
    for number in (*range(14), *range(13, -1, -1)):  # benchmarks/hovering.py says how fast
        query(page, number).hover()
        shown(page, f"query:{number}")
    rows = [path for path in page.server.asked if "/api/row" in path]
    assert len(rows) == len(set(rows)) <= 14


def test_narrow_pages_do_not_scroll_sideways(look):
    for kind in ("text", "boxes", "long"):
        page = look(kind, width=360, height=740)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


PLACES = """() => [...document.querySelectorAll('.card, .row, .looked')].map(node => {
  const box = node.getBoundingClientRect();
  return [node.className, Math.round(box.top), Math.round(box.height)];
})"""


def test_nothing_jumps_while_pointing(look):
    page = look("text")
    before = page.evaluate(PLACES)
    for number in (1, 5, 9, 13):
        query(page, number).hover()
        shown(page, f"query:{number}")
        assert page.evaluate(PLACES) == before


def test_what_a_model_says_is_text_and_never_markup(look):
    page = look("text")
    page.server.runs[0][3].document["outputs"][0]["answers"][0]["text"] = "<img src=x onerror=alert(1)>"
    page.get_by_label("german", exact=True).press("Enter")
    page.get_by_text("<img src=x onerror=alert(1)>").wait_for()
    assert page.locator("img[src=x]").count() == 0


def save(page, name):
    page.locator(".menu summary").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile(name)).click()
    return download.value


def test_the_view_is_saved_as_image_and_drawing(look, tmp_path):
    page = look("text")
    through(page, 6, 1)
    query(page, 4).click()
    shown(page, "query:4")
    saved = save(page, "PNG")
    saved.save_as(tmp_path / "view.png")
    assert saved.suggested_filename == "multi30k-de-en.png"
    with Image.open(tmp_path / "view.png") as image:
        assert image.width > 1500 and colours(image) > 50
    page.locator(".menu summary").click()
    save(page, "SVG").save_as(tmp_path / "view.svg")
    text = (tmp_path / "view.svg").read_text()
    assert (
        ">yellow<" in text
        and "0.3506" in text
        and "http" not in text.replace("http://www.w3.org/2000/svg", "")
    )


def test_an_image_is_saved_with_its_map(look, tmp_path):
    page = look("boxes")
    page.locator(".box", has_text="house").click()
    save(page, "PNG").save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        assert colours(image) > 2000


def test_the_offline_page_opens_from_the_disk_and_asks_nothing(look, open_page, tmp_path):
    page = look("text")
    query(page, 4).click()
    page.get_by_role("button", name="Test this").click()
    page.get_by_text("It mattered").wait_for()
    save(page, "Offline").save_as(tmp_path / "page.html")
    offline = open_page((tmp_path / "page.html").as_uri())
    offline.wait_for_selector(".stage[data-shown]")
    for number in (4, 9):
        query(offline, number).click()
        shown(offline, f"query:{number}")
        query(page, number).click()
        shown(page, f"query:{number}")
        assert top(offline) == top(page)
    query(offline, 4).click()
    assert offline.get_by_text("It mattered").is_visible()
    radio(offline, "Mean of heads")
    offline.get_by_text("mean of 48 heads in 6 layers").wait_for()
    radio(offline, "entropy")
    assert offline.get_by_text("Step by step").is_visible()
    save(offline, "Offline").save_as(tmp_path / "again.html")
    again = open_page((tmp_path / "again.html").as_uri())
    again.wait_for_selector(".stage[data-shown]")
