"""The road from a planted mistake to its correction, in a browser: the list, one click, a key, the next list."""

import json
import shutil
from pathlib import Path

import pytest
from label_parts import opened, saved
from real_server import ServedLabels

import small_images
from jumok.reporting import label_links

LINK = ".row a.open"


@pytest.fixture
def planted(tmp_path, monkeypatch) -> Path:
    """The folder of an experiment in whose test split one object is not marked, and the label page's real server."""
    source = small_images.trained("boxes")
    for part in ("train.json", "valid.json", "test.json", "x.yaml"):
        shutil.copy(source / part, tmp_path)
    shutil.copytree(source / "images", tmp_path / "images")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def forget_first_object(file: Path) -> tuple[str, dict]:
    """Take the first object out of a COCO file; the name of its image, and the object."""
    document = json.loads(file.read_text())
    gone = document["annotations"].pop(0)
    names = {one["id"]: one["file_name"] for one in document["images"]}
    file.write_text(json.dumps(document))
    return names[gone["image_id"]], gone


@pytest.fixture
def served(planted, monkeypatch):
    """The label page of the test split, with a model that proposes, at the address that pages link to."""
    server = ServedLabels(planted / "x.yaml", "test", small_images.trained("boxes") / "run")
    monkeypatch.setattr(label_links, "LABEL_PAGE", server.address)
    yield server
    server.close()


def listed(jumok, *more: str) -> list[dict]:
    run = small_images.trained("boxes") / "run"
    ended = jumok("check", "x.yaml", "--model", run, "--split", "test", "--json", *more)
    assert ended.status == 0, ended.talk
    return json.loads(ended.output)["mistakes"]


def objects_of(page) -> list[dict]:
    return page.evaluate("jumok.page.desk.editor.list()")


def test_a_planted_mistake_is_found_opened_and_corrected(jumok, planted, open_page, served):
    key, gone = forget_first_object(planted / "test.json")
    first = listed(jumok)[0]
    assert (first["kind"], first["key"]) == ("missed", key)

    report = open_page((planted / "x-mistakes.html").as_uri())
    report.faults.clear()
    assert report.locator(".opening").is_hidden()
    with report.context.expect_page() as coming:
        report.locator(LINK).first.click()
    label = coming.value
    label.on("pageerror", lambda error: report.faults.append(str(error)))
    opened(label, key)
    report.wait_for_selector(".opening:not([hidden])")
    command = report.locator(".opening pre").text_content()
    run = small_images.trained("boxes") / "run"
    assert command == f"jumok label x.yaml --model {run} --split test"

    marked = json.loads((planted / "test.json").read_text())["annotations"]
    before = sum(one["image_id"] == gone["image_id"] for one in marked)
    label.wait_for_function("() => jumok.page.desk.editor.list().some((one) => one.proposal)")
    assert sum(not one["proposal"] for one in objects_of(label)) == before
    (proposed,) = [one for one in objects_of(label) if one["proposal"]]
    assert proposed["class"] == first["predicted"]
    label.keyboard.press("Enter")  # shows what is proposed
    label.wait_for_function("() => jumok.page.desk.editor.list().some((one) => one.proposal && one.selected)")
    label.keyboard.press("Enter")
    label.wait_for_function(
        "n => jumok.page.desk.editor.list().filter((one) => !one.proposal).length === n", arg=before + 1
    )
    saved(label)

    again = listed(jumok)
    assert key not in [one["key"] for one in again if one["kind"] == "missed"]
    assert first["what"] not in [one["what"] for one in again]
    report.faults[:] = [one for one in report.faults if served.address not in one]


def test_a_link_into_another_split_says_so(planted, served, open_page):
    page = open_page(f"{served.address}#key=valid00.png&split=valid")
    notice = page.locator(".notice:not([hidden])")
    notice.wait_for()
    assert "is in the valid split, and this page shows test" in notice.text_content()
    assert page.evaluate("jumok.page.desk.key") == "test00.png"
