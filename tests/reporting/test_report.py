"""report.html: whole, self-contained, true to the run's files, and safe with any text."""

import json
import re
import shlex
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from jumok.errors import RunError
from jumok.reporting import write_report
from jumok.reporting.numbers import duration, score, size, speed


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
        assert score(name, evaluation["metrics"][name]["value"]) in page.text
    assert "source → target" in page.text and page.tags.count("svg") >= 1
    for word in ("bleu", "chrF"):
        assert word not in page.text.partition("whole configuration")[0]  # they say nothing of characters


def test_it_is_done_again_with_what_the_page_says(jumok, reversal, tmp_path, monkeypatch):
    """For who has jumok and the run folder, wherever it lies."""
    run = tmp_path / "moved"
    shutil.copytree(reversal / "run", run)
    monkeypatch.chdir(run)
    page = jumok("report", ".").output.strip()
    (commands,) = re.findall(
        r"<pre>(jumok train .*?)</pre>", Path(page).read_text(encoding="utf-8"), re.DOTALL
    )
    small = {"train": ["--set", "training.steps=2"], "look": ["--input", "abc", "--output", "look.html"]}
    for line in commands.splitlines():
        words = shlex.split(line)[1:]
        assert jumok(*words, *small.get(words[0], [])).status == 0
    assert (tmp_path / "moved-again" / "report.html").exists() and (run / "look.html").exists()


def test_it_is_one_file(reversal):
    page = Reader((reversal / "run" / "report.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert all(target.startswith("#") for target in page.targets)


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
    assert (score("bleu", 38.612), score("exact_match", 0.9995)) == ("38.61", "99.95 %")
    assert [size(n) for n in (611_380, 7_600_000)] == ["611 k", "7.6 M"]
    assert [speed(n) for n in (0.1234, 3.418, 34.18, 341.8, 6527.3)] == [
        "0.123",
        "3.42",
        "34.2",
        "342",
        "6,530",
    ]
