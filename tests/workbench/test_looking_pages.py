"""docs/looking.md and its Korean sister: snippets run on small random models, and links lead somewhere."""

import re
from pathlib import Path

import pytest
from PIL import Image

from other_models import instead_of_downloads

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("looking.md", "looking.ko.md")}
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS = BLOCK.findall(PAGES["looking.md"])
SAVED = {"translator.html", "t5.html", "vit.html", "swin.html"}
PRINTED = re.compile(r"^ *print\(.*\)  # (.*)$|^# (.*)$", re.MULTILINE)


@pytest.mark.parametrize("code", SNIPPETS)
@pytest.mark.filterwarnings("ignore:.*max_length.*", "ignore:.*max_new_tokens.*")
def test_snippet_runs_and_does_what_it_says(code, monkeypatch, tmp_path, capsys):
    instead_of_downloads(monkeypatch, tmp_path)
    Image.linear_gradient("L").resize((384, 288)).convert("RGB").save(tmp_path / "photo.jpg")
    exec(compile(code, "snippet", "exec"), {"__name__": "snippet"})
    assert capsys.readouterr().out.splitlines() == [one or other for one, other in PRINTED.findall(code)]
    for file in re.findall(r'save\("(.+?)"\)', code):
        assert (tmp_path / file).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_snippets_are_short_and_save_four_pages():
    assert all(len(code.strip().splitlines()) <= 14 for code in SNIPPETS)
    assert set(re.findall(r'save\("(.+?)"\)', "".join(SNIPPETS))) == SAVED


def test_both_languages_have_the_same_snippets_and_headings():
    english, korean = PAGES.values()
    assert BLOCK.findall(korean) == SNIPPETS
    heads = [re.findall(r"^#+ ", BLOCK.sub("", page), re.MULTILINE) for page in PAGES.values()]
    assert heads[0] == heads[1]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)]+)\)", BLOCK.sub("", PAGES[page]))
    assert links
    for link in links:
        assert (DOCS / link).is_file(), link
