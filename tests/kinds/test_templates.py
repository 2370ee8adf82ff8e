"""What new experiment files say: every template is valid, shows the defaults, and comments on options that exist."""

import re
from typing import Any

import pytest
import yaml

from jumok.kinds import templates
from jumok.kinds.made_up import made_up_examples, outlines, shape_mask
from jumok.kinds.templates import FieldSide, known_kinds, options_class, template_of

FIELDS: list[tuple[str, FieldSide]] = [(kind, "INPUT") for kind in known_kinds("INPUT")]
FIELDS += [(kind, "OUTPUT") for kind in known_kinds("OUTPUT")]
COMMENTED = re.compile(r"^    # (\w+: .*)$", re.MULTILINE)
each_field = pytest.mark.parametrize(("kind", "side"), FIELDS)


def parsed(text: str) -> dict[str, Any]:
    """The options that an entry gives to the field `one`."""
    options: dict[str, Any] = yaml.safe_load(text.format(name="one", past="two"))["one"]
    return options


@each_field
def test_it_shows_the_defaults(kind, side):
    options, given = options_class(kind, side), parsed(template_of(kind, side).entry)
    needed = {"kind": kind, **{name: given[name] for name in ("horizon", "past", "frames") if name in given}}
    assert options.model_validate(given) == options.model_validate(needed)


@each_field
def test_that_for_made_up_examples_is_valid(kind, side):
    small = template_of(kind, side).small
    assert small is None or options_class(kind, side).model_validate(parsed(small)).kind == kind


@each_field
def test_options_in_comments_exist(kind, side):
    entry, options = template_of(kind, side).entry, options_class(kind, side)
    for found in COMMENTED.finditer(entry):
        given = parsed(entry.replace(found[0], f"    {found[1]}"))
        assert options.model_validate(given) != options.model_validate(parsed(entry)), found[1]


def test_a_kind_without_a_template_is_named_alone(monkeypatch):
    monkeypatch.setattr(templates, "KINDS", {"tally": "outside.tally"})
    monkeypatch.setattr(templates, "find_spec", lambda name: None)
    assert parsed(template_of("tally", "OUTPUT").entry) == {"kind": "tally"}


def test_shapes_lie_within_the_image_and_do_not_touch():
    from scipy.ndimage import label

    for one in made_up_examples(60):
        values = [value for outline in outlines(one) for value in outline]
        assert min(values) >= 0 and max(values) < 64
        assert label(shape_mask(one), structure=[[1] * 3] * 3)[1] == one.amount
