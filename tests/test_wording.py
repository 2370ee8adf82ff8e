"""Numbers and articles in messages: one helper writes them, so that none says "1 classes" or "an person"."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import jumok
from jumok.wording import all_of, none_exists, plural, quantity, verb, with_article

SOURCE = Path(jumok.__file__).parent
PLURAL = re.compile(
    r" ((?!is\b|has\b|was\b|ms\b|times\b|gives\b|others\b|pixels\b|this\b|as\b|of\b|that\b)[a-z]+(?: [a-z]+)?s)\b"
)
ARTICLE = re.compile(r"(?:^|[\s(])an? $")


@pytest.mark.parametrize(
    ("noun", "many"),
    [
        ("image", "images"),
        ("class", "classes"),
        ("box", "boxes"),
        ("batch", "batches"),
        ("query", "queries"),
        ("array", "arrays"),
        ("series", "series"),
        ("time step", "time steps"),
        ("process", "processes"),
        ("more class", "more classes"),
        ("index", "indices"),
    ],
)
def test_one_and_many(noun, many):
    assert plural(noun) == many
    assert quantity(1, noun) == f"1 {noun}"
    for count in (0, 2, 1000):
        assert quantity(count, noun) == f"{count:,} {many}"


def test_verbs_follow_the_number():
    assert [verb(count, "is", "are") for count in (0, 1, 2)] == ["are", "is", "are"]
    assert all_of(1, "example", "has", "have") == "the only example has"
    assert all_of(2, "example", "has", "have") == "all 2 examples have" and all_of(3, "row") == "all 3 rows"
    assert (
        none_exists(1, "image", "a.png") == "the only image that it lists does not exist; it should be a.png"
    )
    assert none_exists(2, "image", "a.png").startswith("none of the 2 images that it lists exists; the first")


@pytest.mark.parametrize(
    "said",
    ["an image", "a person", "an hour", "a unit", "a user", "an id", "a label", "a one-way street"],
)
def test_articles(said):
    article, _, noun = said.partition(" ")
    assert with_article(noun) == said


def parts_of_messages() -> Iterator[tuple[str, ast.JoinedStr]]:
    for file in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield f"{file.relative_to(SOURCE)}:{node.lineno}", node


def is_count(part: ast.AST) -> bool:
    """Whether a part of an f-string is a length, or a number with separators of thousands."""
    if not isinstance(part, ast.FormattedValue):
        return False
    spec = ast.unparse(part.format_spec) if part.format_spec is not None else ""
    return spec == "f','" or (isinstance(part.value, ast.Call) and ast.unparse(part.value.func) == "len")


def test_no_message_counts_by_hand():
    """A number with a noun after it is written by `quantity`."""
    found = []
    for place, message in parts_of_messages():
        for part, after in zip(message.values, message.values[1:], strict=False):
            if not is_count(part) or not isinstance(after, ast.Constant):
                continue
            noun = PLURAL.match(str(after.value))
            if noun:
                found.append(f"{place}: {{{ast.unparse(part.value)}}} {noun[1]}")
    assert not found, "\n".join(found)


def test_no_message_guesses_an_article():
    """An article before a word that is not known is written by `with_article`."""
    found = [
        f"{place}: {ast.unparse(part)} {ast.unparse(after)}"
        for place, message in parts_of_messages()
        for part, after in zip(message.values, message.values[1:], strict=False)
        if isinstance(part, ast.Constant)
        and ARTICLE.search(str(part.value))
        and not isinstance(after, ast.Constant)
    ]
    assert not found, "\n".join(found)
