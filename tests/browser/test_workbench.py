"""The page against the real server, with models that were made a moment ago."""

import io
import re
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from page_parts import query, shown, through
from PIL import Image
from playwright.sync_api import expect
from real_server import Served

from jumok.inspection.inspect import summarize_model
from jumok.kinds.image.field import thumbnail
from jumok.predictor import Predictor
from jumok.workbench.examples import InputExample
from jumok.workbench.workbench import LoadedRun
from made_predictors import SENTENCE, made, made_predictor, random_image, transformer


def large() -> Predictor:
    """Of a realistic size: 4 + 4 layers of 8 heads."""
    read = {"text": {"encoder": transformer(4)}}
    decoding = {"beam": 1, "method": "greedy", "max_tokens": 40}
    return made_predictor(read, {"decoder": transformer(4)}, decoding, width=256, heads=8)


def many_cells() -> Predictor:
    """A caption of an image of 32 × 32 cells."""
    cells = {"backbone": "convolutional", "strides": [4], "channels": [8, 8, 8]}
    photo = {"kind": "image", "size": 128, "encoder": cells}
    return made_predictor({"photo": photo}, {"decoder": transformer(2)}, width=64, heads=8)


MADE: dict[str, Callable[[], Predictor]] = {"large": large, "cells": many_cells}
TEXTS = {"text": SENTENCE, "one": SENTENCE, "two": "ein hund"}


def opened(name: str) -> LoadedRun:
    predictor = MADE[name]() if name in MADE else made(name)
    if name == "queries":  # fresh weights are sure of nothing
        torch.nn.init.constant_(predictor.model.decoders["said"].answers[-1].score.bias, 2.0)
    texts = {one: TEXTS[one] for one in predictor.inputs if one in TEXTS}
    images = {one: random_image() for one in predictor.inputs if one not in TEXTS}
    small = {one: thumbnail(image) for one, image in images.items()}
    example = InputExample("the first", {**texts, **images}, small)
    return LoadedRun(name, predictor, summarize_model(predictor), [example])


@pytest.fixture(scope="session")
def workbench() -> Iterator[Callable[..., Served]]:
    """Servers by the names of their models; each is started once."""
    running: dict[tuple[str, ...], Served] = {}

    def start(*names: str) -> Served:
        return running.setdefault(names, running.get(names) or Served([opened(name) for name in names]))

    yield start
    for server in running.values():
        server.close()


@pytest.fixture
def look(workbench, open_page):
    """Open the page on models, and wait until its first look is drawn."""

    def open_on(*names: str, **how):
        server = workbench(*names)
        page = open_page(server.address, **how)
        page.set_default_timeout(60_000)
        page.wait_for_function(
            "count => document.querySelectorAll('.stage[data-shown], .nothing').length === count",
            arg=len(names),
        )
        page.served = server
        return page

    return open_on


def numbers(page):
    """The numbers of the strongest that are listed, by position."""
    items = page.locator(".top li:not(.zero)").evaluate_all(
        "items => items.map(item => [Number(item.dataset.i), item.lastChild.textContent])"
    )
    return dict(items)


def exactly(weights):
    """The same as the look has them, to as many digits."""
    order = np.argsort(-weights.numpy(), kind="stable")[:8]
    return {int(i): f"{weights[i]:.4f}" for i in order if weights[i] > 0 or i == order[0]}


def radio(page, name, panel=0):
    page.locator(".panel").nth(panel).get_by_role("radio", name=re.compile(name)).first.click()


def answered(page):
    """Wait until the page shows the answers of the newest look."""
    (said,) = page.served.look.to_json()["outputs"]
    answers = page.get_by_role("radiogroup", name="Answers").get_by_role("radio").locator("span")
    expect(answers).to_have_text([one["text"] for one in said["answers"]])


def test_a_sentence_is_typed_and_answered(look):
    page = look("transformer")
    field = page.get_by_label("text", exact=True)
    field.fill("ein hund und zwei katzen")
    with page.expect_response("**/api/look"):
        field.press("Enter")
    answered(page)
    page.wait_for_function("() => document.querySelectorAll('.row.key .token').length === 6")
    (said,) = page.served.look.to_json()["outputs"]
    answers = page.get_by_role("radiogroup", name="Answers").get_by_role("radio")
    assert answers.count() == len(said["answers"]) == 3
    assert [one.locator("span").inner_text() for one in answers.all()] == [
        one["text"] for one in said["answers"]
    ]
    answers.nth(2).click()
    page.wait_for_function(
        "count => document.querySelectorAll('.row.query .token').length === count",
        arg=len(said["answers"][2]["tokens"]),
    )
    through(page, 3, 1)
    query(page, 0).hover()
    shown(page, "query:0")
    assert numbers(page) == exactly(page.served.look.row("said.cross", 2, 0)[2, 0])


def test_the_numbers_of_the_page_are_those_of_the_look(look):
    page = look("transformer")
    row = page.served.look.row("said.cross", 0, 2)  # (L, H, S)
    through(page, 3, 1)
    query(page, 2).hover()
    shown(page, "query:2")
    assert numbers(page) == exactly(row[2, 0])
    assert page.locator(".curves path:visible").count() > 1
    query(page, 2).click()
    query(page, 0).hover()
    page.get_by_role("option", name="Layer 2, head 2").click()
    page.locator(".facts", has_text="Layer 2, head 2").wait_for()
    assert numbers(page) == exactly(row[1, 1]) and page.locator(".facts .sure").inner_text() == "exact"
    assert page.locator(".curves.pinned").count() == 1
    page.locator(".row.key .token").nth(3).click()
    shown(page, "key:3")
    assert numbers(page) == exactly(page.served.look.map_of("said.cross", 0, 1)[0, 1][:, 3])
    page.keyboard.press("Escape")
    radio(page, "Mean of heads")
    page.get_by_text("mean of 6 heads").wait_for()
    assert page.locator(".facts .tag").inner_text() == "derived"
    for use, count in (("encoder, self", 6), ("decoder, self", None)):
        radio(page, use)
        page.wait_for_selector(".stage[data-shown]")
        assert count is None or page.locator(".row.query .token").count() == count


def test_heads_are_sorted_by_what_the_server_measured(look):
    page = look("transformer")
    for name in ("entropy", "distance", "sink mass"):
        radio(page, name)
        page.wait_for_function(
            "() => document.querySelectorAll('.thumbs.sorted .thumb .number').length === 6"
        )
        values = [float(one) for one in page.locator(".thumb .number").all_inner_texts()]
        assert values == sorted(values, reverse=name == "sink mass") and values[0] != values[-1]
    radio(page, "layer × head")
    assert page.locator(".badge").inner_text().startswith("✓ weights · values = kernel output")


def test_the_search_is_followed_step_by_step(look):
    page = look("transformer")
    page.get_by_text("Step by step").click()
    slider = page.get_by_role("slider", name="Step by step")
    slider.fill("2")
    shown(page, "query:1")
    (said,) = page.served.look.to_json()["outputs"]
    beams = page.locator(".beams li")
    assert beams.count() >= 3
    chosen = page.locator(".beams li.chosen .text").inner_text().split()
    assert chosen == [token.replace("▁", "") for token in said["answers"][0]["tokens"][:2]]


def test_whether_it_mattered_is_told_with_numbers(look):
    page = look("transformer")
    through(page, 3, 1)
    query(page, 1).click()
    shown(page, "query:1")
    assert page.get_by_text("In layer 3, head 1 alone").is_visible()
    with page.expect_response("**/api/test**") as response:
        page.get_by_role("button", name="Test this").click()
    verdict = response.value.json()
    page.locator(f".pill.{verdict['matters']}").wait_for()
    assert page.get_by_text(verdict["text"]["en"]).first.is_visible()
    assert page.locator(".dots circle.random").count() == len(verdict["random"]["changes"])
    radio(page, "Mean of heads")
    page.get_by_text("In all layers and heads.").wait_for()
    with page.expect_response("**/api/test**") as response:
        page.get_by_role("button", name="Test this").click()
    assert response.value.json()["head_off"] is None and "layer" not in response.value.url


@pytest.mark.parametrize(
    ("name", "reason"), [("bottleneck", "This decoder has no attention"), ("dense", "made by convolutions")]
)
def test_a_model_without_attention_says_so(look, name, reason):
    page = look(name)
    assert page.get_by_role("heading", name="No attention to show.").is_visible()
    assert page.get_by_text(reason).is_visible()


def test_a_model_with_attention_in_its_encoder_alone_says_so(look):
    page = look("half")
    assert page.get_by_role("note").get_by_text("This decoder has no attention").is_visible()
    through(page, 1, 1)
    query(page, 0).hover()
    shown(page, "query:0")
    assert numbers(page) == exactly(page.served.look.row("text.encoder", 0, 0)[0, 0])


def test_additive_attention_is_drawn(look):
    page = look("additive")
    query(page, 1).click()
    shown(page, "query:1")
    assert numbers(page) == exactly(page.served.look.row("said.cross", 0, 1)[0, 0])
    assert page.locator(".thumb").count() == 1


BROUGHT = """([target, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], 'b.png', {type: 'image/png'}));
  const how = {bubbles: true, cancelable: true, dataTransfer: data};
  document.querySelector(target).dispatchEvent(new DragEvent('drop', how));
}"""


def drop(page, width, height):
    stream = io.BytesIO()
    random_image(width, height).save(stream, "PNG")
    with page.expect_response("**/api/look"):
        page.evaluate(BROUGHT, ["main", list(stream.getvalue())])
    page.wait_for_function(
        "ratio => Math.abs(document.querySelector('.picture')?.style.getPropertyValue('--ratio') - ratio) < 0.01",
        arg=width / height,
    )
    page.wait_for_selector(".stage[data-shown]")


def click_image(page, x, y):
    box = page.locator(".picture").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def test_an_image_is_dropped_and_a_word_of_its_caption_clicked(look):
    page = look("caption")
    drop(page, 90, 60)
    made = page.served.look
    assert made.to_json()["inputs"][0]["width"] == 90
    through(page, 2, 1)
    query(page, 1).click()
    shown(page, "query:1")
    weights = made.row("said.cross", 0, 1)[1, 0]
    assert numbers(page) == exactly(weights)
    ink = (
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v)"
    )
    assert page.locator("canvas.heat").evaluate(ink)
    page.keyboard.press("Escape")
    click_image(page, 0.01, 0.01)
    shown(page, "key:0")
    assert numbers(page) == exactly(made.map_of("said.cross", 0, 1)[0, 0][:, 0])


def test_a_box_is_clicked_and_the_image_tells_which_looked_there(look):
    page = look("queries")
    through(page, 2, 1)
    boxes = page.locator(".box:visible")
    assert boxes.count() >= 1
    option = page.locator(".row.query .token:visible").first
    option.click()
    number = int(option.get_attribute("data-i"))
    shown(page, f"query:{number}")
    assert numbers(page) == exactly(page.served.look.row("said.cross", 0, number)[1, 0])
    page.get_by_role("slider", name="score").fill("1")
    assert boxes.count() == 0 and page.get_by_text("Nothing was found with so high a score").is_visible()
    page.get_by_role("slider", name="score").fill("0")
    boxes.last.dispatch_event("click")
    assert page.locator(".box.pinned").count() >= 1
    page.get_by_label("Boxes").uncheck()
    click_image(page, 0.99, 0.99)
    axis = page.served.look.uses["said.cross"].keys
    last = axis["rows"] * axis["columns"] - 1
    shown(page, f"key:{last}")
    assert numbers(page) == exactly(page.served.look.map_of("said.cross", 0, 1)[0, 0][:, last])


def test_a_pixel_of_a_mask_is_clicked(look):
    page = look("windows")
    click_image(page, 0.5, 0.5)
    page.wait_for_selector(".curves.pinned", state="attached")
    use = page.evaluate("jumok.app.panels[0].attention.id")
    number = int(page.locator(".stage").get_attribute("data-shown").split(":")[1])
    layers = page.served.look.row(use, 0, number)
    layer, head = page.evaluate("() => { const s = jumok.app.panels[0].settings; return [s.layer, s.head]; }")
    assert numbers(page) == exactly(layers[layer, head])
    page.get_by_role("radio", name="at who looked here").click()
    click_image(page, 0.25, 0.25)
    page.wait_for_function("() => document.querySelector('.stage').dataset.shown.startsWith('key')")


def test_two_models_stand_side_by_side(look):
    page = look("transformer", "additive")
    through(page, 3, 1)
    query(page, 1, panel=1).click()
    shown(page, "query:1", panel=0)
    shown(page, "query:1", panel=1)
    looks = {one.name: one for one in page.served.bench.looks.values()}
    for panel, name in enumerate(("transformer", "additive")):
        strongest = page.locator(".panel").nth(panel).locator(".top li .number").first.inner_text()
        assert strongest == f"{looks[name].row('said.cross', 0, 1)[-1, 0].max():.4f}"


def test_the_page_is_used_by_keys_alone(look):
    page = look("transformer")
    page.keyboard.press("/")
    page.keyboard.press("Control+A")
    page.keyboard.type("den mond sehen")
    with page.expect_response("**/api/look"):
        page.keyboard.press("Enter")
    answered(page)
    page.wait_for_function("() => document.querySelectorAll('.row.key .token').length === 4")
    page.keyboard.press("Escape")
    page.locator(".stage[data-shown]").wait_for()
    first = int(page.locator(".stage").get_attribute("data-shown").split(":")[1])
    page.keyboard.press("ArrowLeft" if first else "ArrowRight")
    shown(page, f"query:{first - 1 if first else 1}")
    page.keyboard.press("Enter")
    before = page.locator(".facts").inner_text()
    page.keyboard.press("[")
    page.wait_for_function("before => document.querySelector('.facts').innerText !== before", arg=before)
    page.wait_for_function("() => document.getElementById('live').textContent.includes(' looks at ')")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "test":
            break
    page.keyboard.press("Enter")
    page.locator(".pill").wait_for()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()


UNNAMED = """() => [...document.querySelectorAll('button, input, select, textarea, summary, [role], canvas, img')]
  .filter(node => node.checkVisibility() && !node.closest('[aria-hidden=true]'))
  .filter(node => !['status', 'alert', 'presentation', 'group', 'menu', 'note'].includes(node.role ?? ''))
  .filter(node => !node.textContent.trim() && !node.ariaLabel && !node.labels?.length && node.alt !== '')
  .map(node => node.outerHTML.slice(0, 80))"""


def test_everything_has_a_name_for_a_screen_reader(look):
    for name in ("transformer", "queries", "windows"):
        assert look(name).evaluate(UNNAMED) == []


def test_korean_is_korean_all_through(look):
    page = look("half")
    page.get_by_role("button", name="한국어").click()
    assert page.get_by_role("note").get_by_text("이 디코더에는 어텐션이 없어").is_visible()
    page.get_by_role("button", name="시험해 보기").click()
    page.locator(".pill").wait_for()
    assert re.search("[가-힣]", page.locator(".verdict").inner_text())
    radio(page, "헤드 평균")
    page.wait_for_function("() => /[가-힣]/.test(document.querySelector('.facts').textContent)")


def save(page, name):
    page.locator(".menu summary").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name=re.compile(name)).click()
    page.keyboard.press("Escape")
    return download.value


def test_the_view_is_saved_in_three_ways(look, open_page, tmp_path):
    page = look("caption")
    query(page, 1).click()
    shown(page, "query:1")
    save(page, "PNG").save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as view:
        assert view.width > 1000
    save(page, "SVG").save_as(tmp_path / "view.svg")
    strongest = next(iter(numbers(page).values()))
    assert strongest in (tmp_path / "view.svg").read_text()
    save(page, "Offline").save_as(tmp_path / "page.html")
    offline = open_page((tmp_path / "page.html").as_uri())
    query(offline, 1).click()
    shown(offline, "query:1")
    assert numbers(offline) == numbers(page)
    offline.get_by_text("Step by step").click()
    offline.locator(".beams li").first.wait_for()


@pytest.mark.parametrize("name", ["large", "cells"])
def test_hovering_is_answered(look, name):
    """Each token that is pointed at is answered; benchmarks/hovering.py measures how fast."""
    page = look(name)
    count = min(12, page.locator(".row.query .token").count())
    boxes = [query(page, number).bounding_box() for number in range(count)]
    page.evaluate("jumok.app.panels[0].timings.length = 0")
    for box in [*boxes, *boxes[::-1]]:
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        time.sleep(0.03)
    page.wait_for_function("count => jumok.app.panels[0].timings.length >= count", arg=count)
