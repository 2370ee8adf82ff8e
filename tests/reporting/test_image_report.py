"""report.html of models of images: truth beside prediction, tables by class, one small file that needs no data."""

import base64
import io
import json
import shutil
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from test_report import Reader

from image_runs import trained
from jumok.reporting.label_links import LABEL_PAGE
from jumok.reporting.run import write_report

KINDS = ("boxes", "mask", "text")
each_kind = pytest.mark.parametrize("kind", KINDS)
PREFIX = "data:image/jpeg;base64,"


@cache
def report(kind: str) -> str:
    write_report(trained(kind) / "run")  # with the curves that other tests leave out
    return (trained(kind) / "run" / "report.html").read_text(encoding="utf-8")


def images(page: str) -> list[Image.Image]:
    targets = [target for target in Reader(page).targets if target.startswith("data:")]
    assert all(target.startswith(PREFIX) for target in targets)
    return [Image.open(io.BytesIO(base64.b64decode(target.removeprefix(PREFIX)))) for target in targets]


@each_kind
def test_it_is_one_small_file_with_images(kind):
    page = report(kind)
    reader = Reader(page)
    assert not reader.open and len(page) < 2_000_000
    assert not {"script", "link", "iframe"} & set(reader.tags)
    assert all(target.startswith(("#", "data:", LABEL_PAGE)) for target in reader.targets)
    shown = images(page)
    assert len(shown) == reader.tags.count("img") >= 6
    assert {image.width > 700 for image in shown} == {kind != "text"}  # two of them, side by side


@each_kind
def test_it_is_made_again_the_same_without_the_data(jumok, tmp_path, kind):
    run = Path(shutil.copytree(trained(kind) / "run", tmp_path / "run"))
    (run / "report.html").unlink()
    shutil.move(trained(kind) / "images", tmp_path / "away")
    try:
        assert jumok("report", run).status == 0
        again = (run / "report.html").read_text(encoding="utf-8")
    finally:
        shutil.move(tmp_path / "away", trained(kind) / "images")
    assert again.replace(str(run), str(trained(kind) / "run")) == report(kind)


def test_images_that_are_gone_leave_the_rest(tmp_path):
    run = Path(shutil.copytree(trained("boxes") / "run", tmp_path / "run"))
    shutil.rmtree(run / "examples")
    page = Reader(write_report(run).read_text(encoding="utf-8"))
    assert "img" not in page.tags and "A random sample" in page.text


def test_words_fit_what_is_counted():
    boxes, texts = report("boxes"), report("text")
    assert "mean loss of one image" in boxes and "nats" not in boxes and "greedy" not in boxes
    assert "loss of a token (nats)" in texts and "greedy search" in texts
    for page in (boxes, texts):
        assert "Score by length" not in page and "longest sources" not in page


def heads(page: str) -> str:
    return page.replace('<th class="number">', "").replace('<th class="">', "<th>").replace("</th>", " ")


def test_tables_by_class():
    for kind, scored in (("boxes", ("AP", "AP50")), ("mask", ("IoU",))):
        page = heads(report(kind))
        assert "By class" in page and all(f"{name}, 95 % interval" in page for name in scored)
        assert "/brick" not in page
    assert "class right wrong missed precision recall" in heads(report("boxes"))
    assert "truth of all background brick drop" in heads(report("mask"))
    assert "By class" not in report("text")


def test_details_add_up():
    analysis = json.loads((trained("boxes") / "run" / "analysis.json").read_text())
    (table,) = analysis["details"]
    marked = json.loads((trained("boxes") / "test.json").read_text())["annotations"]
    *classes, (every, total) = table["rows"]
    assert [name for name, _ in classes] == ["brick", "drop"] and every == "all"
    right, _, missed, _, recall = total
    assert right + missed == len(marked) and recall == pytest.approx(right / len(marked))
    analysis = json.loads((trained("mask") / "run" / "analysis.json").read_text())
    (table,) = analysis["details"]
    shares = [shares for _, (_, *shares) in table["rows"]]
    assert all(sum(row) == pytest.approx(1) for row in shares if None not in row)
    assert sum(of_all for _, (of_all, *_) in table["rows"]) == pytest.approx(1)


@each_kind
def test_the_record_makes_sense(kind):
    run = trained(kind) / "run"
    analysis = json.loads((run / "analysis.json").read_text())
    shown = [*analysis["best"], *analysis["worst"], *analysis["typical"]]
    assert analysis["bins"] == []
    assert all((run / analysis["images"][str(item["example"])]).is_file() for item in shown)
    assert all(item["right"] and not item["right"][0].startswith("{") for item in shown)
    lines = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    assert len(lines) == 6 and all(line["inputs"]["photo"].endswith(".png") for line in lines)
    names = {"boxes": "objects", "mask": "shares", "text": "n_best"}
    assert all(names[kind] in line and line["right"] for line in lines)


def test_scoring_again_leaves_no_old_images(jumok, tmp_path):
    run = Path(shutil.copytree(trained("boxes") / "run", tmp_path / "run"))
    (run / "examples" / "99999.jpg").write_bytes(b"old")
    kept = sorted(path.name for path in (trained("boxes") / "run" / "examples").iterdir())
    assert jumok("evaluate", run).status == 0
    assert sorted(path.name for path in (run / "examples").iterdir()) == kept


def test_scores_of_classes_stand_beside_what_they_are_about():
    marked = json.loads((trained("boxes") / "test.json").read_text())
    numbers = {one["id"]: one["name"] for one in marked["categories"]}
    objects = [numbers[one["category_id"]] for one in marked["annotations"]]
    images = {(numbers[one["category_id"]], one["image_id"]) for one in marked["annotations"]}
    for kind, supported, many in (
        ("boxes", "objects", objects.count("brick")),
        ("mask", "images", len({image for name, image in images if name == "brick"})),
    ):
        page = report(kind)
        assert f'<th class="number">{supported}</th>' in page
        assert f'<tr class="few"><td>brick</td><td class="number">{many}</td>' in page
        assert f"fewer than 20 {supported}" in page


def test_a_score_of_few_objects_is_no_headline(tmp_path):
    run = Path(shutil.copytree(trained("boxes") / "run", tmp_path / "run"))
    analysis = json.loads((run / "analysis.json").read_text())
    for number, shown in ((19, False), (20, True)):
        analysis |= {"headline": ["AP", "AP_small"], "support": {"AP": 300, "AP_small": number}}
        (run / "analysis.json").write_text(json.dumps(analysis))
        evaluation = json.loads((run / "evaluation.json").read_text())
        evaluation["metrics"]["AP_small"] = {"value": 0.5, "low": 0.1, "high": 0.9}
        (run / "evaluation.json").write_text(json.dumps(evaluation))
        cards = write_report(run).read_text(encoding="utf-8").partition("<h2>")[0]
        assert ("AP, small objects" in cards) == shown


def test_options_that_do_not_apply_are_not_told():
    page = report("boxes")
    told = page.partition("whole configuration")[0]
    assert "encoder: backbone convolutional" in told
    assert "weights" not in told and "frozen" not in told and "False" not in told


def test_images_under_their_former_name_are_shown(tmp_path):
    run = Path(shutil.copytree(trained("boxes") / "run", tmp_path / "run"))
    page = write_report(run).read_text(encoding="utf-8")
    analysis = json.loads((run / "analysis.json").read_text())
    (run / "analysis.json").write_text(json.dumps({**analysis, "pictures": analysis.pop("images")}))
    assert 'src="data:image' in page and write_report(run).read_text(encoding="utf-8") == page
