"""Signals, frames, labels, values and forecasts on the page, in a real browser, on made-up looks."""

import json
import re
from itertools import product

import numpy as np
import pytest
from made_signals import ACTIVITIES, LOOKS
from page_parts import query, shown, through


def numbers(page):
    """The strongest that are listed: position and number."""
    items = page.locator(".top li:not(.zero)").evaluate_all(
        "items => items.map(item => [Number(item.dataset.i), item.lastChild.textContent])"
    )
    return dict(items)


def exactly(weights):
    order = np.argsort(-weights, kind="stable")[:8]
    return {int(i): f"{weights[i]:.4f}" for i in order if weights[i] > 0}


def radio(page, name):
    page.get_by_role("radio", name=re.compile(name)).first.click()


def pixel(page, x, y, plot=0):
    """The colour (r, g, b) of a plot's canvas at a share of its width and at a height."""
    return (
        page.locator(".plot canvas")
        .nth(plot)
        .evaluate(
            """(canvas, [x, y]) => {
          const ratio = canvas.width / canvas.clientWidth;
          return [...canvas.getContext('2d').getImageData(x * canvas.width, y * ratio, 1, 1).data].slice(0, 3);
        }""",
            [x, y],
        )
    )


def span(page):
    return [float(one) for one in page.locator(".stage .plot").get_attribute("data-span").split(":")]


def at_step(page, step, steps, y=20):
    """The place on the screen of a time step of the plot in the stage, and a height in it."""
    page.locator(".stage .plot").scroll_into_view_if_needed()
    box = page.locator(".stage .plot").bounding_box()
    left = page.evaluate("jumok.app.panels[0].stage.bottom.plot.left")
    return box["x"] + left + (step + 0.5) / steps * (box["width"] - left), box["y"] + y


def test_a_signal_is_shaded_by_the_weight_of_each_stretch(look):
    page = look("activity")
    weights = LOOKS["activity"]().weights["activity.cross"][0, 1, 0]
    through(page, 1, 2)
    query(page, 0).hover()
    shown(page, "query:0")
    assert numbers(page) == exactly(weights)
    page.wait_for_timeout(60)
    shade = page.evaluate("jumok.colour('shade')")
    place = page.evaluate(
        """i => { const s = jumok.app.panels[0].stage.bottom, p = s.plot;
                  return (p.x(s.keys.span(i)[0]) + 3) / p.frame.clientWidth; }""",
        int(weights.argmax()),
    )
    assert pixel(page, place, 1.5) == [int(shade[at : at + 2], 16) for at in (1, 3, 5)]
    assert page.locator(".top .label").first.inner_text().endswith(" s")


def test_pointing_tells_time_value_and_weight_and_gaps_are_gaps(look):
    page = look("activity")
    through(page, 1, 1)
    made = LOOKS["activity"]()
    lane = page.evaluate("jumok.app.panels[0].stage.bottom.plot.lane")
    weights = made.weights["activity.cross"][0, 0, 0]
    page.mouse.move(*at_step(page, 30, 128, lane * 1.5))
    value = made.document["inputs"][0]["values"][1][30]
    said = page.locator(".stage .told").inner_text().replace("−", "-")
    assert said.startswith("0.60 s · acc_y ") and said.endswith(f"weight {weights[30 // 8]:.4f}")
    assert float(re.search(r"acc_y (\S+)", said).group(1)) == pytest.approx(value, rel=1e-2)
    assert "acc_y" in page.locator(".tip").inner_text()
    page.mouse.move(*at_step(page, 55, 128, lane * 2.5))
    assert "acc_z missing" in page.locator(".stage .told").inner_text()
    assert page.get_by_text("Dashed: nothing was measured.").is_visible()


def test_a_stretch_is_clicked_and_tells_who_looked_there(look):
    page = look("activity")
    through(page, 1, 1)
    page.mouse.click(*at_step(page, 44, 128))
    shown(page, "key:5")
    weights = LOOKS["activity"]().weights
    assert numbers(page) == exactly(weights["activity.cross"][0, 0, :, 5])
    page.keyboard.press("Escape")
    shown(page, "query:0")
    radio(page, "encoder, self")
    through(page, 2, 1)
    page.mouse.click(*at_step(page, 100, 128))
    shown(page, "query:12")
    assert numbers(page) == exactly(weights["motion.encoder"][1, 0, 12])
    radio(page, "at who looked here")
    page.mouse.click(*at_step(page, 20, 128))
    shown(page, "key:2")


def test_a_signal_is_zoomed_and_moved(look):
    page = look("activity")
    x, y = at_step(page, 64, 128)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -120)
    page.wait_for_timeout(50)
    assert page.locator(".stage .plot").get_attribute("data-span") is None  # a page is scrolled past it
    x, y = at_step(page, 64, 128)
    page.mouse.click(x, y)
    page.mouse.wheel(0, -120)
    page.wait_for_function("() => document.querySelector('.stage .plot').dataset.span")
    first, end = span(page)
    assert 0 < first < 64 < end < 128
    page.mouse.down()
    page.mouse.move(x + 80, y, steps=4)
    page.mouse.up()
    moved = span(page)
    assert moved[0] < first and moved[1] - moved[0] == pytest.approx(end - first, abs=0.05)
    pinned = page.locator(".stage").get_attribute("data-shown")
    page.keyboard.press("Shift+ArrowRight")
    assert span(page)[0] > moved[0]
    page.keyboard.press("+")
    assert span(page)[1] - span(page)[0] == pytest.approx((moved[1] - moved[0]) / 2, abs=0.05)
    page.keyboard.press("0")
    assert span(page) == [0, 128]
    page.get_by_role("button", name="Zoom in (+)").click()
    assert span(page) == [32, 96]
    assert page.locator(".stage").get_attribute("data-shown") == pinned  # to drag is not to click


def test_a_signal_is_walked_through_by_keys(look):
    page = look("channels")
    page.locator(".stage .plot").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.stage').dataset.shown.startsWith('key:')")
    number = int(page.locator(".stage").get_attribute("data-shown").split(":")[1])
    assert 11 <= number < 22 and page.locator(".side h3").inner_text().startswith(
        "Who looked at “temperature · "
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shown(page, f"key:{number + 1}")


def test_channels_that_stand_apart_are_shaded_apart(look):
    page = look("channels")
    through(page, 1, 1)
    query(page, 0).click()
    shown(page, "query:0")
    weights = LOOKS["channels"]().weights["wear.cross"][0, 0, 0]
    assert numbers(page) == exactly(weights)
    heights = page.evaluate(
        """() => { const s = jumok.app.panels[0].stage.bottom; return s.keys.byTime(s.weights); }"""
    )
    assert heights == pytest.approx(weights.reshape(3, 11).sum(0).tolist(), abs=1e-6)
    page.mouse.click(
        *at_step(page, 40, 96, page.evaluate("jumok.app.panels[0].stage.bottom.plot.lane") * 2.5)
    )
    shown(page, "key:26")  # steps 32-47 of the third channel: of those that overlap, the nearest


def test_values_stand_in_their_interval_beside_the_right_ones(look):
    page = look("channels")
    rows = page.locator("ol.values li")
    assert [row.locator("b").inner_text() for row in rows.all()] == ["41.2", "0.0712"]
    assert rows.first.get_by_text("33.8 – 49.1 (90 %)").is_visible()
    assert rows.first.get_by_text("right: 44").is_visible()
    assert rows.first.get_by_text("within the interval").is_visible()
    assert rows.last.get_by_text("outside the interval").is_visible()
    place = "(node, name) => Number(node.querySelector(name).getAttribute('x'))"
    low, value, right = (rows.first.evaluate(place, f".{name}") for name in ("span", "value", "right"))
    assert low < value < right


def test_a_label_has_its_probabilities_and_the_right_one_beside(look):
    page = look("activity")
    bars = page.get_by_role("list", name="activity: probabilities of the classes").get_by_role("listitem")
    assert [bar.locator(".label").inner_text() for bar in bars.all()] == list(ACTIVITIES)
    assert bars.first.locator(".number").inner_text() == "0.710"
    assert bars.first.locator(".tag").all_inner_texts() == ["chosen", "right"]
    assert page.locator(".facts").inner_text().endswith("probability 0.7100")
    share = (
        bars.nth(1)
        .locator("i")
        .evaluate("node => node.getBoundingClientRect().width / node.parentElement.clientWidth")
    )
    assert share == pytest.approx(0.19, abs=0.01)


def test_a_forecast_is_drawn_and_its_steps_are_asked(look):
    page = look("forecast")
    plot = page.locator(".drawn .plot")
    box = plot.bounding_box()
    left, ahead = page.evaluate(
        "() => { const p = jumok.app.panels[0].outputs[0].plot; return [p.left, p.x(96 + 18.5)]; }"
    )
    page.mouse.click(box["x"] + ahead, box["y"] + 30)
    shown(page, "query:2")
    assert left > 0 and query(page, 2).get_attribute("aria-selected") == "true"
    through(page, 2, 1)
    assert numbers(page) == exactly(LOOKS["forecast"]().weights["next.cross"][1, 0, 2])
    plot.hover(position={"x": ahead, "y": 20})
    said = page.locator(".drawn .told").inner_text()
    assert said.startswith("step +19 · HUFL ") and "right: " in said
    plot.focus()
    page.keyboard.press("ArrowLeft")
    shown(page, "query:1")
    page.get_by_label("Channel").select_option("OT")
    assert page.locator(".drawn .plot").evaluate("node => node.clientHeight") == pytest.approx(260, abs=2)
    radio(page, "encoder, self")
    page.wait_for_selector(".stage[data-shown]")
    one = page.evaluate("() => jumok.app.panels[0].outputs[0].plot.x(96 + 2.5)")
    page.locator(".drawn .plot").click(position={"x": one, "y": 30})
    page.wait_for_function("() => jumok.app.panels[0].attention.id === 'next.cross'")
    shown(page, "query:0")


def test_the_past_of_a_forecast_is_shaded_where_a_step_looked(look):
    page = look("forecast")
    weights = LOOKS["forecast"]().weights["next.cross"][0, 1, 1]
    through(page, 1, 2)
    query(page, 1).hover()
    shown(page, "query:1")
    page.wait_for_timeout(60)
    shade = page.evaluate("jumok.colour('shade')")
    place = page.evaluate(
        "i => { const p = jumok.app.panels[0].outputs[0].plot; return (p.x(8 * i) + 3) / p.frame.clientWidth; }",
        int(weights.argmax()),
    )
    first = page.locator(".drawn .plot canvas").evaluate(
        "node => [...document.querySelectorAll('.plot canvas')].indexOf(node)"
    )
    assert pixel(page, place, 1.5, first) == [int(shade[at : at + 2], 16) for at in (1, 3, 5)]
    assert page.get_by_text("shaded: where the marked step looked").is_visible()
    page.get_by_label("Channel").select_option("OT")
    page.wait_for_timeout(60)
    assert pixel(page, place, 1.5, first) == [int(shade[at : at + 2], 16) for at in (1, 3, 5)]
    radio(page, "encoder, self")
    page.wait_for_function("() => jumok.app.panels[0].attention.id === 'loads.encoder'")
    page.get_by_text("shaded: where the marked step looked").wait_for(state="hidden")


def test_frames_have_their_weights(look):
    page = look("frames")
    weights = LOOKS["frames"]().weights
    through(page, 1, 1)
    query(page, 0).hover()
    shown(page, "query:0")
    frames = page.locator(".frame")
    assert frames.count() == 14
    best = int(weights["move.cross"][0, 0, 0].argmax())
    assert frames.nth(best).evaluate("node => node.style.getPropertyValue('--w')") == "1.000"
    assert frames.nth(3).locator("small").inner_text() == f"0.36 s\n{weights['move.cross'][0, 0, 0, 3]:.4f}"
    assert page.locator(".weights path").count() == 2
    frames.nth(best).click()
    shown(page, f"key:{best}")
    page.keyboard.press("Escape")
    frames.nth(best).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shown(page, f"key:{best + 1}")
    page.keyboard.press("Escape")
    radio(page, "encoder, self")
    through(page, 1, 2)
    frames.nth(7).hover()
    shown(page, "query:7")
    assert numbers(page) == exactly(weights["clip.encoder"][0, 1, 7])


def test_the_share_of_each_input_is_told(look):
    page = look("several")
    weights = LOOKS["several"]().weights
    through(page, 1, 3)
    bars = page.locator(".share")
    page.locator(".shares p", has_text="Layer 1, head 3").wait_for()
    assert bars.locator(".label").all_inner_texts() == ["motion", "note", "photo"]
    sums = [weights[f"risk.cross.{name}"][0, 2, 0].sum() for name in ("motion", "note", "photo")]
    assert bars.locator(".number").all_inner_texts() == [f"{one:.4f}" for one in sums]
    assert sum(sums) == pytest.approx(1, abs=1e-5)
    bars.nth(1).click()
    page.locator(".row.key .token", has_text="slippery").wait_for()
    radio(page, "Mean of heads")
    page.locator(".shares p", has_text="Mean of heads").wait_for()
    mean = weights["risk.cross.note"].mean((0, 1))[0].sum()
    page.wait_for_function(
        "text => document.querySelectorAll('.share .number')[1].textContent === text", arg=f"{mean:.4f}"
    )


def test_an_input_that_was_not_given_is_said_to_be_absent(look):
    page = look("activity")
    assert page.get_by_role("note").get_by_text("“note” was not given").is_visible()
    field = page.get_by_label("note", exact=True)
    assert field.get_attribute("placeholder") == "Optional: type, or leave it empty"


def test_what_the_page_cannot_draw_is_said_in_words(look):
    page = look("tally")
    words = page.locator(".looked .words")
    assert words.first.inner_text().split("\n")[:3:2] == ["counts", "3 1 4"]
    assert "kind “tally”" in words.first.inner_text() and '{"all":[2,7]}' in words.last.inner_text()
    assert page.locator(".answers").first.get_by_role("radio").inner_text().split()[:2] == ["1", "8"]
    assert page.locator(".row.key .token").all_inner_texts() == ["1", "2", "3"]


def test_a_signal_without_attention_is_still_drawn(look):
    page = look("plain")
    box = page.locator(".plot").bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20)
    assert page.locator(".view .told").inner_text().startswith("2.54 s · acc_x ")


ROWS = [[0.1, 2.0, None], [1e3, -4.5, 6.0]]


def posted(page):
    kind, body = page.server.posted[-1]
    return json.loads(body)["inputs"] if "json" in kind else body


PASTED = """([target, text]) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const how = {bubbles: true, cancelable: true, clipboardData: data};
  document.querySelector(target).dispatchEvent(new ClipboardEvent('paste', how));
}"""


TABLES = (
    "0.1,2,\n1e3,-4.5,6",
    "flow;time;pressure;temperature\n;0;0.1;2.0\n6;1;1000;-4.5\n",
    "0.1\t2\tNaN\r\n1000\t-4.5\t6",
    "[[0.1, 2, null], [1000, -4.5, 6]]",
)
REFUSED = (
    ("1,5;2,5;3\n1;2;3", "Line 1, column 1: “1,5” has a decimal comma"),
    ("1,2,3\n1,x,3", "Line 2, column 2: “x” is no number"),
    ("1,2,3\n\n1,2", "Line 3 has 2 columns, the first one 3"),
    ("pressure,flow\n1,2\n", "There is no column temperature"),
    ("[]", "There are no rows of numbers"),
)


def test_rows_of_numbers_are_pasted(look):
    page = look("channels")
    pasted = product((".drop textarea", "body"), TABLES)
    for number, (target, text) in enumerate(pasted, start=len(page.server.posted) + 1):
        with page.expect_response("**/api/look"):
            page.evaluate(PASTED, [target, text])
        assert len(page.server.posted) == number and posted(page) == {"sensors": ROWS}, text
        about = page.locator(".about").inner_text()
        assert about.startswith("2 time steps × 3 channels") and ("not read: time" in about) == (
            "time" in text
        )


def test_where_channels_have_no_names_a_clock_is_none(look):
    page = look("channels")
    read = "([text, channels]) => jumok.readRows(text, channels)"
    for clock, channels in product(("time", "Seconds", "시각"), (None, ["0", "1"])):
        found = page.evaluate(read, [f"{clock},x,y\n0,1,2\n0.1,3,4", channels])
        assert found == {"rows": [[1, 2], [3, 4]], "unread": [clock]}


def test_rows_that_cannot_be_read_are_refused_by_name(look):
    page = look("channels")
    before = len(page.server.posted)
    for text, problem in REFUSED:
        page.evaluate(PASTED, [".drop textarea", text])
        assert page.locator(".inputs .wrong").inner_text().startswith(problem)
    assert len(page.server.posted) == before


def test_a_file_of_rows_is_chosen(look):
    page = look("channels")
    with page.expect_response("**/api/look"):
        page.locator("input[type=file]").set_input_files(
            {"name": "pump.csv", "mimeType": "text/csv", "buffer": b"0.1,2,\n1e3,-4.5,6\n"}
        )
    assert posted(page) == {"sensors": ROWS}
    assert page.locator(".about").inner_text() == "pump.csv · 2 time steps × 3 channels"
    page.locator("input[type=file]").set_input_files(
        {"name": "pump.bin", "mimeType": "application/x-binary", "buffer": b"\0"}
    )
    assert page.get_by_text("This file is no table of numbers").is_visible()


def test_a_clip_is_sent_as_a_file(look):
    page = look("frames")
    with page.expect_response("**/api/look"):
        page.locator("input[type=file]").set_input_files(
            {"name": "a.gif", "mimeType": "image/gif", "buffer": b"GIF89a"}
        )
    assert b'name="clip"; filename="a.gif"' in posted(page) and b'name="inputs"\r\n\r\n{}' in posted(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"1"}
    )
    assert page.get_by_text("This file is no GIF.").is_visible()


def test_an_optional_input_is_given_and_taken_away(serve, open_page):
    server = serve("activity")
    run = server.server.runs[0]
    run[1][0] |= {"optional": True}
    page = open_page(server.address)
    page.wait_for_selector(".stage[data-shown]")
    page.server = server.server
    assert posted(page) == {"motion": {"example": 0}, "note": ""} or posted(page) == {
        "motion": {"example": 0}
    }
    with page.expect_response("**/api/look"):
        page.get_by_role("button", name="Take away").click()
    assert "motion" not in posted(page)
    assert page.get_by_role("button", name="Take away").is_hidden()


@pytest.mark.parametrize("kind", ["activity", "channels", "forecast", "frames", "several", "tally", "plain"])
def test_nothing_is_wider_than_the_screen_and_everything_has_a_name(look, kind):
    page = look(kind, width=390)
    for width, language, dark in ((390, "한국어", "어둡게"), (1280, "English", "Light")):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(NARROW) and page.evaluate(UNNAMED) == []
        page.get_by_role("button", name=language).click()
        assert page.evaluate(NARROW) and page.evaluate(UNNAMED) == []
        page.get_by_role("button", name=dark).click()


NARROW = "document.documentElement.scrollWidth <= innerWidth"
UNNAMED = """() => [...document.querySelectorAll('button, input, select, textarea, summary, [role], canvas, img')]
  .filter(node => node.checkVisibility() && !node.closest('[aria-hidden=true]'))
  .filter(node => !['status', 'alert', 'presentation', 'group', 'menu', 'note'].includes(node.role ?? ''))
  .filter(node => !node.textContent.trim() && !node.ariaLabel && !node.labels?.length && node.alt !== '')
  .map(node => node.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("kind", ["activity", "forecast", "frames", "several"])
def test_a_saved_page_shows_the_same(look, open_page, tmp_path, kind):
    page = look(kind)
    through(page, 1, 2)
    query(page, 0).click()
    shown(page, "query:0")
    before = numbers(page)
    for name, file in (("Offline", "page.html"), ("PNG", "view.png"), ("SVG", "view.svg")):
        page.locator(".menu summary").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=re.compile(name)).click()
        page.keyboard.press("Escape")
        download.value.save_as(tmp_path / file)
    assert "<image" in (tmp_path / "view.svg").read_text() and (tmp_path / "view.png").stat().st_size > 10_000
    offline = open_page((tmp_path / "page.html").as_uri())
    shown(offline, "query:0")
    assert numbers(offline) == before
    if kind == "several":
        assert (
            offline.locator(".share .number").all_inner_texts()
            == page.locator(".share .number").all_inner_texts()
        )


HANGUL = re.compile("[가-힣]")


def test_all_words_of_the_page_stand_in_one_file():
    from made_server import PAGE

    scripts = {
        name: body.decode().replace("주목", "")
        for name, body in PAGE.items()
        if name.endswith(".js") and name != "words.js"
    }
    korean = {name: HANGUL.findall(body) for name, body in scripts.items()}
    assert {name: found for name, found in korean.items() if found} == {}
    spoken = re.compile(r'(?:text|title|placeholder|"aria-label"): "(\w[^"]*)"')
    assert [found for body in scripts.values() for found in spoken.findall(body)] == []


def test_the_help_lists_the_keys_and_they_work(look):
    listed = []
    for language in ("en-US", "ko-KR"):
        page = look("channels", language=language)
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog")
        listed.append(dialog.locator("kbd").all_inner_texts())
        assert all(text.strip() for text in dialog.locator("dl.keys dd").all_inner_texts())
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
    assert listed[0] == listed[1]
    assert {"?", "Esc", "/", "[", "]", ",", ".", "P", "Enter", "+", "-", "0", "Shift", "←", "↑"} <= set(
        listed[0]
    )
    plot = page.locator(".stage .plot")
    plot.focus()
    page.keyboard.press("0")
    whole = span(page)
    for key in ("+", "=", "Shift+ArrowRight", "-", "0"):
        before = span(page)
        page.keyboard.press(key)
        assert span(page) != before, key
    assert span(page) == whole


def test_long_names_of_classes_break_between_words_on_a_narrow_screen(look):
    page = look("activity", width=390, height=844, language="ko-KR")
    name = page.locator(".class .label", has_text="WALKING_UPSTAIRS")
    assert name.locator("wbr").count() == 1 and name.inner_text() == "WALKING_UPSTAIRS"
    lines = name.evaluate(
        """node => [...node.childNodes].filter(one => one.nodeType === 3).map(one => {
             const range = document.createRange();
             range.selectNode(one);
             return range.getClientRects().length; })"""
    )
    assert lines == [1, 1]
