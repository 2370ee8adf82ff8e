"""The first error of pydantic as one sentence: where it is, what was expected, what was given."""

import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from jumok.errors import did_you_mean
from jumok.experiment.file import keys_of
from jumok.kinds.options import UNKNOWN_OPTION

MAX_QUOTED = 60  # characters of a value that a sentence repeats
EXPECTATIONS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "a text",
    "path": "the path of a file",
    "dict": "options like {key: value}",
    "model": "options like {key: value}",
    "tuple": "a list",
}
BOUNDS = {"gt": "greater than", "ge": "at least", "lt": "less than", "le": "at most"}

# of the encoder or head of a field, by its kind, as an example
FIRST_KINDS = {"boxes": "dense", "series": "patches", "forecast": "direct"}


def explain(
    error: ValidationError, given: dict[str, Any], name: str, root: Node | None, overrides: Sequence[str]
) -> str:
    """A sentence about the first error.

    Args:
        error: The error of pydantic.
        given: The values that were validated.
        name: Name of the file.
        root: The YAML node of the file, which knows line numbers.
        overrides: Overrides that were applied.

    Returns:
        The sentence.
    """
    found = error.errors(include_url=False)
    # an unknown name explains the missing one beside it, so it is told first
    first = min(found, key=lambda one: one["type"] != UNKNOWN_OPTION)
    path = path_of(first, given)
    return f"{origin(path, name, root, overrides)}: {error_sentence(first, path)}"


def path_of(error: Any, given: Any) -> list[str]:
    """The keys from the top of the file to the error, without pydantic's names for members of a union."""
    path: list[str] = []
    value = given
    for part in (*error["loc"], *error.get("ctx", {}).get("place", ())):
        known = range(len(value)) if isinstance(value, list) else value
        there = isinstance(known, dict | range) and part in known
        if there or could_be_missing(part, value):
            path.append(str(part))
            value = value[part] if there else None
    return path


def could_be_missing(part: Any, value: Any) -> bool:
    """Whether a part of an error's location, which a value does not have, is a key that a file could have there."""
    if isinstance(value, dict):
        return part != value.get("kind") and str(part).isidentifier()
    return isinstance(value, list) and isinstance(part, int)


def origin(path: list[str], name: str, root: Node | None, overrides: Sequence[str]) -> str:
    """Where a value was given.

    Args:
        path: The keys to the value.
        name: Name of the file.
        root: The YAML node of the file.
        overrides: Overrides that were applied.

    Returns:
        The override, or the file with the line.
    """
    for override in reversed(overrides):
        keys = keys_of(override)
        if path[: len(keys)] == keys:
            return f"--set {override!r}"
    depth, line = line_of(path, root)
    if depth < len(path):  # the file does not have it, so an override inside it may have made it
        for override in overrides:
            if keys_of(override)[: len(path)] == path:
                return f"--set {override!r}"
    return name if line is None else f"{name}:{line}"


def line_of(path: list[str], root: Node | None) -> tuple[int, int | None]:
    """How many keys of a path exist in the file, and the line of the last of them."""
    line, node = None, root
    for depth, part in enumerate(path):
        if isinstance(node, MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == part), None)
        elif isinstance(node, SequenceNode) and part.isdigit() and int(part) < len(node.value):
            entry = (node.value[int(part)], node.value[int(part)])
        else:
            entry = None
        if entry is None:
            return depth, line
        line, node = entry[0].start_mark.line + 1, entry[1]
    return len(path), line


def error_sentence(error: Any, path: list[str]) -> str:
    """What is wrong with the value at this place, and what was expected."""
    kind, context, where = error["type"], error.get("ctx", {}), ".".join(path)
    if kind == UNKNOWN_OPTION:
        return f"{'.'.join(path[:-1]) or 'the file'} has no option {context['name']!r}{context['hint']}"
    if "[key]" in error["loc"]:
        value = json.dumps(error["input"], default=str)
        return f"{path[0]}: {value} is not a name; put it in quotes if it should be one"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "union_tag_invalid":
        known = [tag.strip("' ") for tag in context["expected_tags"].split(",")]
        return f"{where}: there is no kind {context['tag']!r}{did_you_mean(str(context['tag']), known)}"
    if kind == "union_tag_not_found":
        example = FIRST_KINDS.get(str(error["loc"][2]), "transformer")  # by the kind of the field
        return f"{where}: say which kind it is, like kind: {example}"
    if kind == "literal_error":
        hint = did_you_mean(str(error["input"]), re.findall(r"'([^']*)'", context["expected"]))
        near = hint if "did you mean" in hint else ""
        return f"{where}: expected {context['expected']}, got {yaml_value(error['input'])}{near}"
    if kind in ("too_short", "too_long"):
        least, most = context.get("min_length"), context.get("max_length")
        bound = f"at least {least}" if kind == "too_short" else f"at most {most}"
        return f"{where}: expected {bound}, got {len(error['input'])}: {yaml_value(error['input'])}"
    if kind.startswith("value_error") or kind == "misplaced":
        message = context.get("message") or str(context["error"])
        return f"{where}: {message}" if where else message
    return f"{where}: expected {expected(error)}, got {yaml_value(error['input'])}"


def expected(error: Any) -> str:
    """What was expected in place of a value."""
    bounds = [f"{word} {error['ctx'][sign]}" for sign, word in BOUNDS.items() if sign in error.get("ctx", {})]
    if bounds:
        return "a number " + " and ".join(bounds)
    message = str(error["msg"]).removeprefix("Input should be ")
    return EXPECTATIONS.get(error["type"].split("_")[0], message)


def yaml_value(value: Any) -> str:
    """A value as YAML, shortened."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "{" + shorten_value(", ".join(map(str, value))) + "}"
    if isinstance(value, bool):
        return json.dumps(value)
    return shorten_value(repr(value))


def shorten_value(text: str) -> str:
    """The text, cut to MAX_QUOTED characters."""
    return text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 1] + "…"
