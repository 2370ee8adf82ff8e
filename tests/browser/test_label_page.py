"""The label page in a real browser, on made-up things to label."""

import re
from importlib.resources import files

import pytest
from label_parts import drag_signal, draw_box, kept, opened, saved
from made_label_server import MadeLabelServer

PAGE = files("jumok.workbench") / "label_page"
SCRIPTS = [path.read_text(encoding="utf-8") for path in PAGE.iterdir() if path.name.endswith(".js")]


class Visit:
    """A browser context at a made-up server; its pages may show no error but those of refused requests."""

    def __init__(self, browser, server, language="en-US", width=1280, height=800):
        self.server, self.labels, self.faults = server, server.labels, []
        self.context = browser.new_context(viewport={"width": width, "height": height}, locale=language)

    def page(self, fragment="", ready=True):
        page = self.context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.complain(message))
        page.goto(self.server.address + fragment)
        if ready:
            page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
        return page

    def complain(self, message):
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def objects(self, key):
        return self.labels.read(key)["marks"]["objects"]


@pytest.fixture
def visit(browser):
    """Start a server and a browser's context at it."""
    visits = []

    def start(kind="boxes", count=12, language="en-US", width=1280, height=800, **more):
        visits.append(Visit(browser, MadeLabelServer(kind, count, **more), language, width, height))
        return visits[-1]

    yield start
    for one in visits:
        one.context.close()
        one.server.close()
        assert not one.faults


FIRST, SECOND = "shapes/00000.png", "shapes/00001.png"


# Saving


def test_a_mark_is_sent_though_the_browser_has_closed_its_storage(visit):
    here = visit(labelled=0, model=False)
    page = here.page()
    page.evaluate("() => jumok.page.drafts.disk.close()")
    draw_box(page)
    saved(page)
    assert len(here.objects(FIRST)) == 1
    assert page.evaluate("() => jumok.page.drafts.kept()") == []


def test_a_mark_is_written_at_once_and_undo_is_written_too(visit):
    here = visit(labelled=0, model=False)
    page = here.page()
    draw_box(page)
    saved(page)
    assert [one["class"] for one in here.objects(FIRST)] == ["circle"]
    assert len(here.server.puts()) == 1
    assert page.locator(".progress-of").inner_text() == "1 of 12 labelled"
    first = here.objects(FIRST)[0]["id"]
    draw_box(page, 0.6, 0.5)
    page.wait_for_function("() => jumok.page.desk.history.at === 2")
    saved(page)
    assert [one["id"] for one in here.objects(FIRST)][0] == first, (
        "a mark that was not touched keeps its record"
    )
    for keys, count in (("Control+z", 1), ("Control+z", 0), ("Control+Shift+z", 1), ("Control+y", 2)):
        page.keyboard.press(keys)
        saved(page)
        page.wait_for_function("n => jumok.page.desk.editor.list().length === n", arg=count)
        assert len(here.objects(FIRST)) == count
    assert here.labels.states[FIRST] == "labelled"


def test_a_server_that_is_killed_again_and_again_loses_nothing_that_was_called_saved(visit):
    here = visit("label", count=20, labelled=0, model=False)
    page, wanted = here.page(), {}
    faults = [None, "before", "after", 0.05, None]
    for n in range(15):  # each fault with each label
        key = here.labels.keys[n]
        opened(page, key)
        here.server.faults[:] = [one for one in [faults[n % 5]] if one]
        wanted[key] = here.labels.names[n % 3]
        page.keyboard.press(str(1 + n % 3))
        here.server.kill()
        unwritten = kept(page)
        there = {key: here.labels.read(key)["marks"]["values"]["label"] for key in wanted}
        assert not {
            key: value for key, value in wanted.items() if there[key] != value and key not in unwritten
        }
        here.server.start()
        if n % 4 == 3:  # a reload in the midst of it: what was not saved is offered again
            page.reload()
            page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
            if page.evaluate("jumok.page.drafts.kept().then((kept) => kept.length)"):
                page.get_by_role("button", name="Save now").click()
        page.evaluate("key => jumok.page.open(key)", here.labels.keys[n + 1])
    page.get_by_role("button", name="Try now").or_(page.locator('.save[data-save="saved"]')).first.wait_for()
    saved(page)
    if kept(page):  # what was offered when the server went away again
        page.get_by_role("button", name="Save now").click()
        page.wait_for_function("() => jumok.page.drafts.kept().then((kept) => kept.length === 0)")
    assert {key: here.labels.read(key)["marks"]["values"]["label"] for key in wanted} == wanted
    assert not page.locator(".conflict").is_visible(), "an answer that was lost is no conflict"


def test_what_is_marked_while_an_earlier_change_is_looked_up_stays_kept(visit):
    here = visit("label", labelled=0, model=False)
    page, key = here.page(), here.labels.keys[0]
    here.server.faults[:] = ["after"]  # written, but the page never hears of it
    page.keyboard.press("1")
    assert here.server.server.killed.wait(5)
    here.server.kill()
    here.server.delay = 0.8
    here.server.start()
    page.reload()
    opened(page, key)  # and its draft is compared with what is written
    here.server.faults[:] = [30.0]
    page.keyboard.press("2")
    page.wait_for_function("() => jumok.page.timer")  # the comparison has ended
    assert kept(page) == {key}
    draft = page.evaluate(
        "jumok.page.drafts.kept().then((kept) => JSON.parse(kept[0][1]).marks.values.label)"
    )
    assert draft == here.labels.names[1]


@pytest.mark.parametrize("fault", ["before", "after", 0.4])
def test_a_page_that_is_closed_while_it_saves_loses_nothing(visit, fault):
    here = visit(labelled=0, model=False)
    page = here.page()
    here.server.faults[:] = [fault]
    draw_box(page)
    page.wait_for_function("() => jumok.page.desk.history.at === 1")
    page.close()
    if here.server.server.killed.wait(0.3 if fault != 0.4 else 0):
        here.server.kill()
        here.server.start()
    page = here.page()
    offer = page.get_by_role("button", name="Save now")
    if not here.objects(FIRST):
        offer.wait_for()
    if offer.is_visible():
        offer.click()
    saved(page)
    page.wait_for_function("() => jumok.page.drafts.kept().then((kept) => kept.length === 0)")
    assert len(here.objects(FIRST)) == 1


def test_a_full_disk_is_told_and_tried_again(visit):
    here = visit(labelled=0, model=False)
    page = here.page()
    here.server.faults[:] = ["full"]
    draw_box(page)
    saved(page, "failed")
    assert "NOT saved" in page.locator(".save").inner_text()
    assert "the disk is full" in page.locator(".save").inner_text()
    assert not here.objects(FIRST)
    saved(page)
    assert len(here.objects(FIRST)) == 1


def test_marks_that_are_refused_stay_on_the_page_with_the_reason(visit):
    here = visit(labelled=0, model=False)
    page = here.page()
    here.server.faults[:] = ["refuse"]
    draw_box(page)
    saved(page, "failed")
    assert "this box has no area" in page.locator(".save").inner_text()
    page.wait_for_timeout(700)
    assert len(here.server.puts()) == 1, "what is refused is not sent again by itself"
    page.get_by_role("button", name="Try now").click()
    saved(page)
    assert len(here.objects(FIRST)) == 1


def test_leaving_is_asked_about_only_while_something_is_not_saved(visit):
    here = visit(labelled=0, model=False)
    page, asked = here.page(), []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    draw_box(page)
    saved(page)
    page.reload()
    page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
    assert not asked
    here.server.faults[:] = ["full"] * 20
    draw_box(page, 0.6, 0.6)
    saved(page, "failed")
    page.reload()
    assert asked == ["beforeunload"]


# Two at once


@pytest.mark.parametrize(("choice", "count"), [("Keep mine", 1), ("Take theirs", 2)])
def test_two_tabs_do_not_overwrite_each_other(visit, choice, count):
    here = visit(labelled=0, model=False)
    page = here.page()
    theirs = [{"id": None, "class": "square", "box": [x, 10, x + 30, 40], "polygons": None} for x in (10, 90)]
    here.labels.put(FIRST, {"objects": theirs})
    draw_box(page)
    saved(page, "conflict")
    bar = page.get_by_role("region", name="This item was changed elsewhere.")
    assert "It now has 2 objects; your version has 1 object." in bar.inner_text()
    assert len(here.objects(FIRST)) == 2
    assert page.evaluate("jumok.page.desk.editor.list().length") == 2, "theirs is on the page"
    bar.get_by_role("button", name="mine", exact=True).click()
    assert page.evaluate("jumok.page.desk.editor.list().map((row) => row.class).join()") == "circle"
    bar.get_by_role("button", name="difference").click()
    assert page.evaluate("jumok.page.desk.editor.list().filter((row) => row.proposal).length") == 1
    bar.get_by_role("button", name=choice).click()
    saved(page)
    assert len(here.objects(FIRST)) == count
    assert page.evaluate("jumok.page.desk.editor.list().filter((row) => !row.proposal).length") == count


def test_an_item_that_others_changed_is_shown_anew_with_a_notice(visit):
    here = visit(labelled=0, model=False)
    page, other = here.page(), here.page()
    opened(other, FIRST)
    draw_box(other)
    saved(other)
    page.evaluate("jumok.page.poll()")
    page.get_by_text("This item was changed elsewhere; it is shown as it stands now.").first.wait_for()
    assert page.evaluate("jumok.page.desk.editor.list().length") == 1
    assert page.inner_text(".item-head .tag") == "labelled"
    draw_box(page, 0.6, 0.6)
    saved(page)
    assert len(here.objects(FIRST)) == 2


# The list


def test_ten_thousand_items_are_a_few_nodes_and_thumbnails(visit):
    here = visit(count=10_000, labelled=0, model=False)
    page = here.page()
    page.wait_for_timeout(300)
    assert page.locator(".item").count() < 40
    page.locator(".items").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    page.get_by_role("option", name="shapes/09999.png, not labelled").click()
    opened(page, "shapes/09999.png")
    page.get_by_role("searchbox").fill("0777")
    page.wait_for_function("() => document.querySelectorAll('.item').length === 11")
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelectorAll('*').length") < 600
    assert sum(path.startswith("/api/thumb") for _, path in here.server.asked) < 80
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.type("4321")
    page.keyboard.press("Enter")
    opened(page, "shapes/04320.png")


def test_items_are_filtered_and_ordered_and_the_address_opens_one(visit):
    here = visit(labelled=4)
    page = here.page("#key=shapes%2F00007.png")
    opened(page, "shapes/00007.png")
    shown = lambda: page.evaluate("jumok.page.items.shown.map((i) => jumok.page.items.keys[i])")  # noqa: E731
    page.get_by_label("Show", exact=True).select_option("labelled")
    assert shown() == here.labels.keys[:4]
    page.get_by_label("Class", exact=True).select_option("circle")
    assert shown() == [key for key in here.labels.keys[:4] if 0 in here.labels.classes_of(key)]
    page.get_by_label("Class", exact=True).select_option("any")
    page.get_by_label("Show", exact=True).select_option("model disagrees")
    page.wait_for_function("() => jumok.page.items.shown.length === 1")
    page.keyboard.press("n")
    opened(page, SECOND)
    page.get_by_text("The model disagrees: a circle of score 0.93 is not marked").wait_for()
    page.get_by_label("Show", exact=True).select_option("all")
    page.get_by_label("Order", exact=True).select_option("most unsure first")
    page.wait_for_function(
        "() => jumok.page.items.filter.order === 'unsure' && jumok.page.items.scores.size === 12"
    )
    order = page.evaluate("jumok.page.items.shown.map((i) => jumok.page.items.keys[i])")
    assert order == here.labels.order("unsure")["keys"]
    page.goto(here.server.address + "#key=shapes%2F00009.png")
    opened(page, "shapes/00009.png")
    page.goto(here.server.address + "#key=00003.png")  # as a report may name it
    opened(page, "shapes/00003.png")
    page.goto(here.server.address + "#key=photos%2Fshapes%2F00005.png")
    opened(page, "shapes/00005.png")
    page.goto(here.server.address + "#key=nowhere.png")
    page.get_by_text("There is no item “nowhere.png” here.").first.wait_for()


# Keys


def test_keys_go_through_items_and_say_that_nothing_is_there(visit):
    here = visit(labelled=2, model=False)
    page = here.page()
    opened(page, "shapes/00002.png")
    for key, number in (("p", 1), ("ArrowLeft", 0), ("n", 1), ("ArrowRight", 2), ("u", 3), ("p", 2)):
        page.keyboard.press(key)
        opened(page, f"shapes/{number:05d}.png")
    for key in "nnnppnp":  # faster than items open
        page.keyboard.press(key)
    opened(page, "shapes/00003.png")
    page.keyboard.press("p")
    opened(page, "shapes/00002.png")
    page.keyboard.press("x")
    saved(page)
    page.wait_for_function("() => jumok.page.items.states[2] === 'E'")
    assert here.labels.states["shapes/00002.png"] == "empty"
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ㅕ', code: 'KeyU', bubbles: true}))"
    )
    opened(page, "shapes/00003.png")  # the key of U while Korean letters are typed
    page.keyboard.press("2")
    assert page.locator(".pick[aria-pressed=true]").inner_text().startswith("square")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_text("next unlabelled item").is_visible()
    page.keyboard.press("n")
    opened(page, "shapes/00003.png")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    opened(page, "shapes/00002.png")


def test_proposals_are_accepted_by_a_key_and_hidden_by_a_switch(visit):
    here = visit(labelled=0)
    page = here.page()
    page.keyboard.press("n")
    opened(page, SECOND)
    page.wait_for_function("() => jumok.page.desk.editor.list().some((row) => row.proposal)")
    proposed = page.evaluate("jumok.page.desk.editor.list().length")
    page.get_by_label("Show proposals").uncheck()
    assert page.evaluate("jumok.page.desk.editor.list().length") == 0
    page.get_by_label("Show proposals").check()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Shift+Enter")
    saved(page)
    assert len(here.objects(SECOND)) == proposed


# Cells, texts, stretches


def test_a_composed_syllable_is_neither_saved_halfway_nor_taken_as_a_key(visit):
    here = visit("texts", labelled=0, model=False)
    page = here.page()
    area = page.get_by_label("caption", exact=True)
    area.click()
    ime = here.context.new_cdp_session(page)
    for text in ("ㄴ", "노", "논", "노란"):
        ime.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)}
        )
    page.wait_for_timeout(700)
    assert not here.server.puts(), "half a syllable is no change"
    area.dispatch_event("keydown", {"key": "Enter", "code": "Enter", "isComposing": True})
    opened(page, "row 1")
    ime.send("Input.insertText", {"text": "노란"})
    saved(page)
    page.wait_for_function("() => jumok.page.desk.record.marks.values.caption === '노란'")
    saved(page)
    assert here.labels.read("row 1")["marks"]["values"] == {"caption": "노란", "reading": None}
    area.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "reading"
    page.keyboard.type("n ?x")
    page.keyboard.press("Enter")
    opened(page, "row 2")
    saved(page)
    assert here.labels.read("row 1")["marks"]["values"]["reading"] == "n ?x"


def test_proposed_texts_and_labels_are_ghosts_until_enter(visit):
    here = visit("texts", labelled=0)
    page = here.page()
    assert "Type the text" in page.inner_text(".middle > .hint")
    area = page.get_by_label("caption", exact=True)
    page.wait_for_function("() => document.querySelector('textarea').placeholder !== ''")
    assert area.input_value() == ""
    area.press("Enter")
    saved(page)
    assert (
        here.labels.read("row 1")["marks"]["values"]["caption"]
        == here.labels.truth("row 1")["values"]["caption"]
    )
    here = visit("label", labelled=0)
    page = here.page()
    assert "choose a label" in page.inner_text(".middle > .hint")
    page.locator(".choice.ghost").wait_for()
    page.keyboard.press("Enter")
    saved(page)
    assert here.labels.read("row 1")["marks"] == here.labels.truth("row 1")
    page.get_by_label("label: type the beginning of a label").fill("tri")
    page.keyboard.press("Enter")
    page.wait_for_function("() => jumok.page.desk.record.marks.values.label === 'triangle'")
    saved(page)
    assert here.labels.read("row 1")["marks"]["values"]["label"] == "triangle"


def test_stretches_are_marked_by_dragging_and_by_keys(visit):
    here = visit("series", count=3, labelled=0, model=False)
    page = here.page()
    page.wait_for_function("() => jumok.page.desk.editor.signal.parts")
    stretches = lambda: [  # noqa: E731
        (one["class"], one["start"], one["end"])
        for one in here.labels.read("recording 0")["marks"]["stretches"]
    ]
    page.keyboard.press("2")
    drag_signal(page, 0.2, 0.4)
    saved(page)
    [(name, start, end)] = stretches()
    assert name == "walking"
    assert abs(start - 600) < 20
    assert abs(end - 1200) < 20
    page.keyboard.press("3")
    saved(page)
    page.wait_for_function("() => jumok.page.desk.record.marks.stretches[0].class === 'running'")
    page.locator(".signal-frame").focus()
    page.keyboard.press("Escape")
    for key in ("Home", "[", "Shift+ArrowRight", "]"):
        page.keyboard.press(key)
    page.wait_for_function("() => jumok.page.desk.record.marks.stretches.length === 2")
    saved(page)
    assert stretches()[0] == ("running", 0, 150)
    for key in ("ArrowLeft", "s"):
        page.keyboard.press(key)
    page.wait_for_function("() => jumok.page.desk.record.marks.stretches.length === 3")
    page.keyboard.press("m")
    page.wait_for_function("() => jumok.page.desk.record.marks.stretches.length === 2")
    page.keyboard.press("Delete")
    page.wait_for_function("() => jumok.page.desk.record.marks.stretches.length === 1")
    saved(page)
    assert stretches() == [("running", start, end)]


# The model


def test_training_tells_its_progress_and_brings_a_new_model(visit):
    here = visit(labelled=3)
    page = here.page()
    page.get_by_role("button", name="Train with what is labelled").click()
    page.get_by_text(re.compile("3 examples, step ")).wait_for()
    page.get_by_text("AP 0.69 with 3 examples").wait_for()
    page.get_by_text("Proposals are by shapes-3.").wait_for()
    assert page.locator(".curve circle").count() == 3
    assert sum(path == "/api/proposals" for _, path in here.server.asked) >= 2


def test_a_class_is_added_and_chosen(visit):
    here = visit(labelled=0, model=False)
    page = here.page()
    page.get_by_label("New class").fill("star")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pick[aria-pressed=true] >> text=star")
    draw_box(page)
    saved(page)
    assert here.objects(FIRST)[0]["class"] == "star"


def test_a_number_sets_the_class_of_what_is_selected_or_else_of_what_comes_next(visit):
    """As in other tools, and the page says which; to draw is to let go of what was selected."""
    here = visit(labelled=0, model=False)
    page = here.page()
    hint = page.locator(".middle > .hint")
    classes = lambda: [one["class"] for one in here.objects(FIRST)]  # noqa: E731
    draw_box(page, 0.1, 0.1)
    saved(page)
    assert "1–9 change its class" in hint.inner_text()
    page.keyboard.press("2")
    page.wait_for_function("() => jumok.page.desk.record.marks.objects[0].class === 'square'")
    saved(page)
    assert hint.inner_text() == "Class of this one and of the next ones: square"
    page.keyboard.press("Escape")
    page.keyboard.press("3")
    assert hint.inner_text() == "Class of what comes next: triangle" and classes() == ["square"]
    draw_box(page, 0.5, 0.1)
    saved(page)
    assert classes() == ["square", "triangle"]
    stage = page.locator(".draw-stage").bounding_box()
    x, y = stage["x"] + 0.2 * stage["width"], stage["y"] + 0.6 * stage["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 40)
    page.keyboard.press("1")  # of the box that is being drawn, not of the last one
    page.mouse.move(x + 60, y + 60)
    page.mouse.up()
    page.wait_for_function("() => jumok.page.desk.record.marks.objects.length === 3")
    saved(page)
    assert classes() == ["square", "triangle", "circle"]


def test_the_list_shows_the_open_item_also_when_the_page_is_built_anew(visit):
    page = visit(count=60).page("#key=shapes%2F00050.png")
    in_view = """() => { const list = document.querySelector(".items").getBoundingClientRect();
        const open = document.querySelector(".item[aria-selected=true]")?.getBoundingClientRect();
        return open && open.top >= list.top - 1 && open.bottom <= list.bottom + 1; }"""
    page.wait_for_function(in_view)
    page.get_by_role("button", name="한국어").click()
    page.wait_for_selector("text=도움말")
    page.wait_for_function(in_view)


def test_a_training_of_another_server_is_shown_and_not_stopped_here(visit):
    here = visit(labelled=3, model=False)
    sentence = {"en": "another jumok label trains on these data: step 4 of 9", "ko": "다른 jumok label"}
    here.labels.train |= {"state": "running", "elsewhere": True, "step": 4, "steps": 9, "sentence": sentence}
    page = here.page()
    page.get_by_text(sentence["en"]).wait_for()
    assert not page.get_by_role("button", name="Stop").is_visible()
    assert not page.get_by_role("button", name="Train with").is_visible()
    here.labels.train |= {"elsewhere": False, "left": 150.0}
    page.get_by_text("about 3 min left").or_(page.get_by_text("about 2 min left")).wait_for()
    assert page.get_by_role("button", name="Stop").is_visible()


@pytest.mark.parametrize("language", ["en-US", "ko-KR"])
def test_an_option_of_the_command_is_never_broken(visit, language):
    page = visit(labelled=0, model=False, width=390, language=language).page()
    assert page.evaluate("document.documentElement.lang") == language[:2]
    assert page.locator(".model code").inner_text() == "--model RUN"
    for width in (390, 900, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.locator(".model code").evaluate("node => node.getClientRects().length") == 1


# Words and names


def test_a_server_that_ends_while_the_page_starts_is_told_and_tried_again(visit):
    seen = visit()
    page = seen.context.new_page()
    page.on("pageerror", lambda error: seen.faults.append(str(error)))
    page.route("**/api/items", lambda route: route.abort())
    page.goto(seen.server.address)
    assert "does not answer" in page.inner_text(".message")
    page.unroute("**/api/items")
    page.get_by_role("button").click()
    page.wait_for_selector(".item")


def test_a_long_class_leaves_room_for_the_place_of_a_mark(visit):
    page = visit("boxes").page()
    page.wait_for_selector(".object-list .name")
    widths = page.evaluate("""() => {
        const list = document.querySelector('.object-list');
        list.querySelector('.name').textContent = 'WALKING_DOWNSTAIRS'.repeat(3);
        return [list.scrollWidth, list.clientWidth];
    }""")
    assert widths[0] <= widths[1]


def test_no_script_takes_the_name_of_another():
    given = [re.findall(r"Object\.assign\(jumok, \{([\w\s,]+)\}\)", text) for text in SCRIPTS]
    names = [
        name.strip() for groups in given for group in groups for name in group.split(",") if name.strip()
    ]
    assert "Desk" in names and len(names) == len(set(names))


def test_all_words_stand_in_both_languages(visit):
    page = visit(labelled=0).page()
    english, korean = (
        page.evaluate(f"() => Object.keys(jumok.words.{name}).sort()") for name in ("en", "ko")
    )
    assert english == korean
    used = {word for text in SCRIPTS for word in re.findall(r'\bt\("([A-Za-z]+)"', text)}
    assert used <= set(english)
    for name in ("keysOf", "states", "orders", "hints"):
        of = f"() => Object.keys(jumok.words.{{}}.{name}).join()"
        assert page.evaluate(of.format("en")) == page.evaluate(of.format("ko"))
    many = (
        "(language) => Object.values(jumok.words[language].keysOf).map((rows) => rows.map(([keys]) => keys))"
    )
    assert page.evaluate(many, "en") == page.evaluate(many, "ko")


NAMELESS = """() => [...document.querySelectorAll('button, input, select, textarea, [role]')].filter((node) => {
  const role = node.getAttribute('role');
  if (node.closest('[hidden], [aria-hidden=true]') || ['presentation', 'status'].includes(role)) return false;
  const said = [node.ariaLabel, node.title, node.textContent, node.labels?.[0]?.textContent, node.placeholder];
  return !said.some((text) => text?.trim());
}).map((node) => node.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("kind", ["outlines", "label", "series"])
def test_every_control_has_a_name(visit, kind):
    page = visit(kind).page()
    for language, other in (("en", "한국어"), ("ko", "English")):
        page.wait_for_timeout(200)
        assert not page.evaluate(NAMELESS)
        assert page.evaluate("document.documentElement.lang") == language
        assert page.get_by_role("main").count() == 1
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.get_by_role("button", name=other).click()
