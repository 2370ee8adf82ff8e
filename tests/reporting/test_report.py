"""report.html: whole, self-contained, true to the run's files, and safe with any text."""

import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jumok.errors import RunError
from jumok.labelling.opening import open_experiment
from jumok.reporting.label_links import link_to
from jumok.reporting.numbers import duration, format_score, format_size, format_speed, interval, span
from jumok.reporting.run import write_report


class Reader(HTMLParser):
    """Tags with what they point at, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.targets += [
            value for name, value in attributes if name in ("src", "href", "xlink:href") and value
        ]
        if tag not in ("meta", "link", "br", "path", "use", "rect", "img", "stop"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def run(reversal, tmp_path) -> Path:
    return Path(shutil.copytree(reversal / "run", tmp_path / "run"))


def test_a_run_has_its_report(reversal):
    page = Reader((reversal / "run" / "report.html").read_text(encoding="utf-8"))
    assert not page.open
    evaluation = json.loads((reversal / "run" / "evaluation.json").read_text())
    for name in ("exact_match", "token_error_rate"):
        assert format_score(name, evaluation["metrics"][name]["value"]) in page.text
    assert "source → target" in page.text and page.tags.count("svg") >= 1
    for word in ("bleu", "chrF"):
        assert word not in page.text.partition("whole configuration")[0]  # they say nothing of characters


def test_it_is_done_again_with_what_the_page_says(jumok, reversal, tmp_path, monkeypatch):
    """For who has jumok and the run folder, wherever it lies."""
    run = tmp_path / "moved"
    shutil.copytree(reversal / "run", run)
    monkeypatch.chdir(run)
    page = jumok("report", ".").output.strip()
    blocks = re.findall(r'<pre class="short">(.*?)</pre>', Path(page).read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert [line.split()[1] for line in lines] == ["label", "check", "look", "train", "evaluate"]
    _, _, experiment, _, model, _, split = lines.pop(0).split()  # a server, which runs until Ctrl-C
    assert (model, split) == (".", "test") and open_experiment(Path(experiment), split).store.items()
    small = {"train": ["--set", "training.steps=2"], "look": ["--input", "abc", "--output", "look.html"]}
    for line in lines:
        words = shlex.split(line)[1:]
        assert jumok(*words, *small.get(words[0], [])).status == 0
    assert (tmp_path / "moved-again" / "report.html").exists() and (run / "look.html").exists()
    assert (run / "moved-mistakes.html").exists()


def test_it_is_one_file(reversal):
    page = Reader((reversal / "run" / "report.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    links = [target for target in page.targets if not target.startswith("#")]
    rows = json.loads((reversal / "run" / "analysis.json").read_text())["mistakes"]
    assert rows and links == [link_to(row["key"], "test") for row in rows]


def test_rows_that_the_label_page_cannot_open_have_no_link(run):
    analysis = json.loads((run / "analysis.json").read_text())
    for row in analysis["mistakes"]:
        del row["key"]  # as runs of earlier versions
    (run / "analysis.json").write_text(json.dumps(analysis))
    page = write_report(run).read_text(encoding="utf-8")
    assert "Annotations that may be wrong" in page and "127.0.0.1" not in page and "jumok label" not in page


def test_it_is_made_again_the_same(jumok, run):
    before = write_report(run).read_bytes()
    (run / "report.html").unlink()
    ended = jumok("report", run)
    assert ended.status == 0 and Path(ended.output.strip()) == run / "report.html"
    assert (run / "report.html").read_bytes() == before


def test_texts_are_no_markup(run):
    analysis = json.loads((run / "analysis.json").read_text())
    analysis["worst"][0] |= {"predicted": "<script>alert(1)</script>", "right": ["<b>&</b>"]}
    (run / "analysis.json").write_text(json.dumps(analysis))
    page = Reader(write_report(run).read_text(encoding="utf-8"))
    assert "<script>alert(1)</script>" in page.text and "<b>&</b>" in page.text
    assert "script" not in page.tags


def test_a_run_without_scores_is_refused(run, refused):
    (run / "evaluation.json").unlink()
    assert "has no scores yet" in refused("report", run)
    with pytest.raises(RunError, match="there is no such run or model folder"):
        write_report(run / "nothing")


def test_numbers_for_people():
    assert [duration(s) for s in (0, 59, 61, 3725)] == ["0 s", "59 s", "1:01 min", "1:02:05 h"]
    assert (format_score("bleu", 38.612), format_score("exact_match", 0.9995)) == ("38.61", "99.95 %")
    assert [format_size(n) for n in (611_380, 7_600_000)] == ["611 k", "7.6 M"]
    assert [format_speed(n) for n in (0.1234, 3.418, 34.18, 341.8, 6527.3)] == [
        "0.123",
        "3.42",
        "34.2",
        "342",
        "6,530",
    ]


def test_an_interval_has_its_unit_once():
    assert interval("exact_match", {"low": 0.001, "high": 0.006}) == "0.10 – 0.60 %"
    assert interval("bleu", {"low": 38.1, "high": 39.25}) == "38.10 – 39.25"
    assert interval("AP", {"low": None, "high": None}) == ""


def test_moments_are_told_in_utc():
    morning = "2026-11-27T04:49:23+00:00"
    assert span(morning, "2026-11-27T06:51:05+02:00") == "2026-11-27, 04:49:23 to 04:51:05 UTC (1:42 min)"
    assert span(morning, "2026-11-28T04:49:23+00:00").endswith("to 2026-11-28, 04:49:23 UTC (24:00:00 h)")
    assert span(morning, morning) == "2026-11-27, 04:49:23 UTC"
    assert span(morning, None) == "began 2026-11-27, 04:49:23 UTC"
    assert span(None, morning) == span("yesterday", morning) == ""


def test_training_and_scoring_have_their_own_times(run):
    environment, analysis = (
        json.loads((run / f"{name}.json").read_text()) for name in ("environment", "analysis")
    )
    assert environment["began"] <= environment["ended"] <= analysis["ended"]
    assert environment["sessions"] == 1 and "date" not in environment
    environment |= {"began": "2026-01-02T03:04:05+00:00", "ended": "2026-01-02T04:04:05+00:00", "sessions": 2}
    (run / "environment.json").write_text(json.dumps(environment))
    (run / "analysis.json").write_text(
        json.dumps({**analysis, "began": "2026-01-02T04:04:10+00:00", "ended": "2026-01-02T04:04:52+00:00"})
    )
    facts = facts_of(run)
    assert facts["trained"] == "2026-01-02, 03:04:05 to 04:04:05 UTC (1:00:00 h), in 2 sessions"
    assert facts["scored"] == "2026-01-02, 04:04:10 to 04:04:52 UTC (42 s)"


def facts_of(run: Path) -> dict[str, str]:
    page = write_report(run).read_text(encoding="utf-8")
    return dict(re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", page))


def test_learning_and_answering_are_told_apart(run):
    environment = json.loads((run / "environment.json").read_text())
    last = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()][-2]
    assert last["split"] == "train"
    pace = environment["examples"]["train"] * last["epoch"] / last["seconds"]
    facts = facts_of(run)
    assert facts["training speed"] == f"{format_speed(pace)} examples a second, each read and learned from"
    answered = json.loads((run / "analysis.json").read_text())["examples_per_second"]
    assert facts["prediction speed"].startswith(
        f"{format_speed(answered)} examples a second, answered by beam search"
    )


def test_an_older_run_says_when_it_began(run):
    environment = json.loads((run / "environment.json").read_text())
    for name in ("began", "ended", "sessions"):
        del environment[name]
    (run / "environment.json").write_text(json.dumps({**environment, "date": "2026-01-02T03:04:05+00:00"}))
    assert facts_of(run)["trained"] == "began 2026-01-02, 03:04:05 UTC"


def test_a_vocabulary_is_called_so(run):
    assert facts_of(run)["input source"].startswith("10 tokens (characters); encoder: ")


def test_one_evaluation_is_a_number_and_no_curve(run):
    lines = (run / "metrics.jsonl").read_text().splitlines()
    (run / "metrics.jsonl").write_text("\n".join(lines[:2]) + "\n")
    text = Reader(write_report(run).read_text(encoding="utf-8")).text
    train, valid = json.loads(lines[0]), json.loads(lines[1])
    exact = format_score("exact_match", valid["exact_match"])
    assert (
        f"There was one evaluation, after step {valid['step']}: train loss {train['loss']:.3f}, "
        f"valid loss {valid['loss']:.3f}, exact match {exact} on the valid split."
    ) in text
    assert "Score on the valid split" not in text


def shown_with(run: Path, **changes) -> str:
    analysis = json.loads((run / "analysis.json").read_text())
    (run / "analysis.json").write_text(json.dumps({**analysis, **changes}))
    return Reader(write_report(run).read_text(encoding="utf-8")).text


def test_best_answers_that_are_wrong_are_called_the_nearest(run):
    item = {
        "inputs": {"source": "abc"},
        "right": ["cba"],
        "alternatives": [],
        "score": 0.3,
        "predicted": "cbb",
    }
    text = shown_with(run, best=[item], worst=[{**item, "score": 0.9}])
    assert "Its best answers" not in text and "Its nearest answers" in text
    assert "None of its predictions is correct; these come closest." in text


def test_where_all_are_alike_none_is_worst_or_best(run):
    item = {
        "inputs": {"source": "abc"},
        "right": ["cba"],
        "alternatives": [],
        "score": 1.0,
        "predicted": "xyz",
    }
    text = shown_with(run, best=[], worst=[], typical=[item, item])
    assert "worst answers" not in text and "best answers" not in text and "A random sample" in text
    assert "No answer is better than another: token error rate 100.00 % in each." in text


def test_few_examples_are_called_few(run):
    assert "few examples" not in shown_with(run)
    evaluation = json.loads((run / "evaluation.json").read_text())
    (run / "evaluation.json").write_text(json.dumps({**evaluation, "examples": 5}))
    assert "scored on 5 examples" in shown_with(run) and "These are few examples" in shown_with(run)
