"""docs/concepts.md and its Korean sister: snippets run and print what they say, links and commands are real."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.main import get_command

from jumok.cli.main import app
from jumok.experiment import read_experiment
from jumok.experiment.made_data import NewField
from jumok.experiment.starting import start_of, starting_text

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {"en": DOCS / "concepts.md", "ko": DOCS / "concepts.ko.md"}
HEADING = re.compile(r'^<a id="(?P<anchor>[^"]+)"></a>\n### (?P<heading>.+)\n', re.MULTILINE)
BLOCK = re.compile(r"^```(python|console|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"# (\w+\.yaml)\n")  # the first line of an experiment file
LINK = re.compile(r"\]\(([^)]+)\)")
PRINTED = re.compile(r"^ *print\(.*\)  # (.*)$|^# (.*)$", re.MULTILINE)  # beside a print, or below its loop
IMPORT = re.compile(r"^(?:import|from) (\w+)", re.MULTILINE)


class Notion(NamedTuple):
    """One entry of a page."""

    anchor: str
    heading: str
    body: str

    def blocks(self, language: str) -> list[str]:
        return [code for kind, code in BLOCK.findall(self.body) if kind == language]


def read(language: str) -> str:
    return PAGES[language].read_text(encoding="utf-8")


def notions(language: str) -> list[Notion]:
    page = read(language)
    heads = list(HEADING.finditer(page))
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return [
        Notion(h["anchor"], h["heading"], page[h.end() : end]) for h, end in zip(heads, ends, strict=True)
    ]


def commands(console: str) -> list[list[str]]:
    """The words of every command of a console block."""
    joined = console.replace("\\\n", " ")
    lines = [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]
    return [shlex.split(line, comments=True) for line in lines]


def write_experiments(folder: Path) -> None:
    """The files that commands go on from: that of `jumok new`, and those that the page shows."""
    file = folder / "translate.yaml"
    fields = [NewField("german", "text", "INPUT")], [NewField("english", "text", "OUTPUT")]
    start = start_of(*fields, None, None, file)
    file.write_text(starting_text(start, file), encoding="utf-8")
    for text in (block for notion in notions("en") for block in notion.blocks("yaml")):
        named = NAMED.match(text)
        assert named, text
        (folder / named[1]).write_text(text, encoding="utf-8")


def cases(kind: str) -> list[object]:
    """All blocks of both pages, one test each, named by page and heading."""
    return [
        pytest.param(block, id=f"{language}-{notion.anchor}")
        for language in PAGES
        for notion in notions(language)
        for block in notion.blocks(kind)
    ]


each_page = pytest.mark.parametrize("language", PAGES)


@pytest.mark.parametrize("code", cases("python"))
def test_snippet_runs_and_prints_what_it_says(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})
    said = [beside or below for beside, below in PRINTED.findall(code)]
    assert capsys.readouterr().out.splitlines() == said
    assert said or "assert " in code


@each_page
def test_snippets_are_short_and_need_only_torch_and_jumok(language: str) -> None:
    for notion in notions(language):
        for code in notion.blocks("python"):
            assert 3 <= len([line for line in code.splitlines() if line.strip()]) <= 10, notion.heading
            assert set(IMPORT.findall(code)) <= {"torch", "jumok"}, notion.heading


@pytest.mark.parametrize("console", cases("console"))
def test_command_is_real(console: str, tmp_path: Path) -> None:
    write_experiments(tmp_path)
    assert commands(console)
    for program, name, *arguments in commands(console):
        assert program == "jumok"
        given = get_command(app).commands[name].make_context(name, list(arguments)).params  # type: ignore[attr-defined]
        if name in ("train", "check"):
            read_experiment(tmp_path / given["config"], given["set_"] or [])  # refuses unknown options


@pytest.mark.parametrize("text", cases("yaml"))
def test_experiment_is_real(text: str, tmp_path: Path) -> None:
    write_experiments(tmp_path)
    named = NAMED.match(text)
    assert named and read_experiment(tmp_path / named[1])


@each_page
def test_links_lead_somewhere(language: str) -> None:
    anchors = {notion.anchor for notion in notions(language)}
    links = LINK.findall(BLOCK.sub("", read(language)))
    assert len(links) > len(anchors)  # the contents name every notion, and notions name their files
    for link in links:
        there = link[1:] in anchors if link.startswith("#") else (DOCS / link).is_file()
        assert there, link


@each_page
def test_every_notion_has_a_place_and_an_example(language: str) -> None:
    for notion in notions(language):
        assert "](../src/jumok/" in notion.body, notion.heading
        assert notion.blocks("python") or notion.blocks("console"), notion.heading


@each_page
def test_contents_name_every_notion_in_order(language: str) -> None:
    listed = re.findall(r"\[([^\]]+)\]\(#([^)]+)\)", read(language))
    assert listed == [(notion.heading, notion.anchor) for notion in notions(language)]


def test_both_languages_have_the_same_notions_and_examples() -> None:
    english, korean = notions("en"), notions("ko")
    assert [notion.anchor for notion in english] == [notion.anchor for notion in korean]
    assert len({notion.anchor for notion in english}) == len(english)
    for ours, theirs in zip(english, korean, strict=True):
        assert BLOCK.findall(ours.body) == BLOCK.findall(theirs.body), ours.heading
        assert LINK.findall(ours.body) == LINK.findall(theirs.body), ours.heading
    shapes = [re.findall(r"^#+ ", BLOCK.sub("", read(language)), re.MULTILINE) for language in PAGES]
    assert shapes[0] == shapes[1]
