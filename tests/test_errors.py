"""Hints at the nearest name say how it differs, where people would not see it."""

import unicodedata

import pytest

from jumok.data.tables.open_text import nearest_file
from jumok.errors import did_you_mean

DECOMPOSED = unicodedata.normalize("NFD", "\uace0\uc591\uc774")
COMPOSED = unicodedata.normalize("NFC", DECOMPOSED)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("widht", ["width", "heads"], "; did you mean 'width'?"),
        ("cat", ["CAT", "car"], "; did you mean 'CAT'? (they differ in capital letters)"),
        ("dog ", ["dog"], "; did you mean 'dog'? (they differ in blanks at the ends)"),
        (
            COMPOSED,
            [DECOMPOSED],
            f"; did you mean {DECOMPOSED!r}? (it looks the same, but is another form of ",
        ),
        ("x", ["width", "heads"], "; known are: width, heads"),
        ("x", [], ""),
    ],
)
def test_hints(name, known, hint):
    assert did_you_mean(name, known).startswith(hint)


@pytest.mark.parametrize(
    ("there", "asked", "hint"),
    [
        ("a.png", "a.jpg", "did you mean 'a.png'?"),
        ("A.png", "a.png", "did you mean 'A.png'? (they differ in capital letters)"),
        ("im10.jpg", "im1.jpg", "correct the path"),
        ("picture.jpg", "pictrue.jpg", "did you mean 'picture.jpg'?"),
    ],
)
def test_hints_at_files(tmp_path, there, asked, hint):
    (tmp_path / there).touch()
    assert nearest_file(tmp_path / asked) == hint
