"""docs/evidence.md and its Korean sister: the snippet runs and prints what it says, and both tell the same rule."""

import re
from pathlib import Path

import pytest

from jumok.inspection.verdict import DRAWS, MIN_DRAWS, THRESHOLD

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("evidence.md", "evidence.ko.md")}


@pytest.mark.parametrize("page", PAGES)
def test_snippet_prints_what_it_says(page: str, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)
    exec(compile(code, page, "exec"), {"__name__": "snippet"})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.*)$", code, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_pages_tell_the_rule_as_it_is(page: str) -> None:
    for number in (f"{THRESHOLD:g} nat", str(DRAWS), str(DRAWS + 1), str(MIN_DRAWS)):
        assert number in PAGES[page]


def test_pages_name_the_same_literature() -> None:
    english, korean = (
        re.findall(r"^- .*\((\d{4})\), \*(.+?)\*", page, re.MULTILINE) for page in PAGES.values()
    )
    assert english == korean and len(english) == 7
