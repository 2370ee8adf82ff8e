"""The page against the real server, with a small model of signals that was trained a moment ago."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from page_parts import query, shown, through
from real_server import Served

from jumok import load
from jumok.experiment import Experiment, read_experiment
from jumok.inspection.inspect import summarize_model
from jumok.workbench.examples import examples_of
from jumok.workbench.workbench import LoadedRun
from made_once import trained_once
from small_series import COUNTS, ENCODERS, NAMES, draw_bumps, write_bumps

PASTED = """([text]) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  const how = {bubbles: true, cancelable: true, clipboardData: data};
  document.body.dispatchEvent(new ClipboardEvent('paste', how));
}"""


def write_rows(folder: Path) -> None:
    """For each split a table of signals, some with a note, with the first bump and two numbers."""
    write_bumps(folder)
    for number, (part, count) in enumerate(COUNTS.items()):
        drawn = [draw_bumps(1000 * number + i) for i in range(count)]
        rows = [
            {
                "signal": f"{part}.npz#X[{i}]",
                "note": f"starts {NAMES[one.signs[0]]}" if i % 3 else "",
                "first": NAMES[one.signs[0]],
                "sizes": json.dumps([len(one.signs), sum(one.signs)]),
            }
            for i, one in enumerate(drawn)
        ]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def bumps_experiment(folder: Path) -> Experiment:
    """A tiny model of a signal, and a note that may be absent, to a label and two values."""
    write_rows(folder)
    note = {"kind": "text", "optional": True, "encoder": {"kind": "transformer", "layers": 1}}
    signal = {"kind": "series", "channels": ["size", "level"], "rate": 25, "encoder": ENCODERS["channels"]}
    options = {
        "inputs": {"signal": signal, "note": note},
        "outputs": {"first": {"kind": "label"}, "sizes": {"kind": "values", "names": ["count", "sum"]}},
        "data": {**{part: {"table": f"{part}.jsonl"} for part in COUNTS}, "tokens": {"kind": "words"}},
        "model": {"width": 16, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 20,
            "batch_size": 16,
            "learning_rate": 0.005,
            "precision": "fp32",
            "evaluate_every": 20,
            "select": "first.accuracy",
        },
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options, sort_keys=False))
    return read_experiment(file)


@pytest.fixture(scope="module")
def run() -> Path:
    return trained_once("signals-of-the-page", bumps_experiment) / "run"


@pytest.fixture(scope="module")
def served(run) -> Iterator[Served]:
    predictor = load(run)
    examples = examples_of(run, predictor.inputs, predictor.outputs)
    server = Served([LoadedRun("bumps", predictor, summarize_model(predictor), examples)])
    yield server
    server.close()


@pytest.fixture
def page(served, open_page):
    page = open_page(served.address)
    page.wait_for_selector(".stage[data-shown]")
    return page


def test_examples_are_chosen_by_their_drawings_and_differ(page, served):
    told = served.bench.session()["runs"][0]["examples"]
    assert len(told) == 6 and len({one["label"] for one in told}) == 6
    assert {one["right"]["first"]["text"] for one in told[:2]} == {"up", "down"}
    assert all(one["inputs"]["signal"]["thumbnail"].startswith("data:image/svg+xml,") for one in told)
    with page.expect_response("**/api/look") as response:
        page.locator(".picture-example").nth(1).click()
    assert json.loads(response.value.request.post_data)["inputs"]["signal"] == {"example": 1}
    assert page.locator(".field img").first.get_attribute("src") == told[1]["inputs"]["signal"]["thumbnail"]


def test_the_page_draws_what_the_model_looked_at(page, served):
    document = served.look.to_json()
    label, values = document["outputs"]
    bars = page.locator(".class .label").all_inner_texts()
    known = label["answers"][0]["probabilities"]
    assert bars == sorted(known, key=known.get, reverse=True)
    assert page.locator("ol.values .label").all_inner_texts() == ["count", "sum"]
    assert page.locator("ol.values").get_by_text("right: ").count() == len(values["answers"][0]["values"])
    assert page.evaluate("jumok.app.panels[0].keys.channels") == ["size", "level"]
    through(page, 1, 2)
    query(page, 0).hover()
    shown(page, "query:0")
    use = page.evaluate("jumok.app.panels[0].attention.id")
    weights = served.look.row(use, 0, 0)[0, 1]
    assert page.locator(".top .number").first.inner_text() == f"{weights.max():.4f}"
    assert page.evaluate("jumok.app.panels[0].keys.count") == len(weights)
    assert page.get_by_role("note").get_by_text("“note” was not given").count() == document["inputs"][1].get(
        "absent", False
    )


def test_the_share_of_each_input_adds_up(page):
    page.get_by_label("note", exact=True).fill("starts up")
    with page.expect_response("**/api/look"):
        page.get_by_role("button", name="Look", exact=True).click()
    page.locator(".share").nth(1).wait_for()
    page.wait_for_function(
        """() => { const all = [...document.querySelectorAll('.share .number')].map(one => Number(one.textContent));
                   return all.length === 2 && Math.abs(all[0] + all[1] - 1) < 2e-4; }"""
    )


def test_rows_that_are_pasted_are_read_by_the_model(page, served):
    rows = "\n".join(["size,level", *(f"{1000 + 10 * i},{'' if i == 3 else -5}" for i in range(12))])
    with page.expect_response("**/api/look"):
        page.evaluate(PASTED, [rows])
    page.wait_for_function("() => jumok.app.panels[0].look.inputs[0].length === 12")
    shown_values = served.look.to_json()["inputs"][0]["values"]
    assert shown_values[0] == [1000 + 10 * i for i in range(12)] and shown_values[1][3] is None
    assert page.locator(".about").inner_text() == "12 time steps × 2 channels"


def test_a_path_of_this_machine_is_refused(page, run):
    said = page.evaluate(
        """async path => {
          const body = JSON.stringify({run: 0, inputs: {signal: path}});
          const how = {method: 'POST', headers: {'Content-Type': 'application/json'}, body};
          return (await (await fetch('/api/look', how)).json()).error.en;
        }""",
        str(run.parent / "test.npz#X[0]"),
    )
    assert said.startswith("signal is a series; send a list of numbers")
    page.faults.clear()  # the browser notes a refused request


def test_the_report_draws_signals_and_says_how_sure_answers_are(run):
    analysis = json.loads((run / "analysis.json").read_text())
    examples = analysis["outputs"]["first"]["typical"]
    assert all(set(one["thumbnails"]) == {"signal"} and "0." in one["certainty"] for one in examples)
    report = (run / "report.html").read_text()
    assert report.count("data:image/svg+xml,") >= len(examples) and "how sure" in report
    assert "count " in analysis["outputs"]["sizes"]["typical"][0]["certainty"]
