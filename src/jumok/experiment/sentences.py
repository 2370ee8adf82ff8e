"""From the first error of pydantic to one sentence: where it is, what was expected, what came."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, SequenceNode

from jumok.errors import did_you_mean
from jumok.kinds.options import UNKNOWN_OPTION

LONGEST = 60  # characters of a value that a sentence repeats
EXPECTED = {
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


def explain(
    error: ValidationError, given: dict[str, Any], name: str, root: Node | None, overrides: Sequence[str]
) -> str:
    """The first error of `given`, which was read from the file `name` with the nodes `root` and changed by `overrides`."""
    found = error.errors(include_url=False)
    # an unknown name explains the missing one beside it, so it is told first
    first = min(found, key=lambda one: one["type"] != UNKNOWN_OPTION)
    path = path_of(first, given)
    return f"{origin(path, name, root, overrides)}: {sentence(first, path)}"


def keys_of(override: str) -> list[str]:
    """The names before the = of an override: "a.b.c=value" gives a, b and c."""
    return override.partition("=")[0].strip().split(".")


def path_of(error: Any, given: Any) -> list[str]:
    """The names from the top of the file to what is wrong, without pydantic's own names for the choices of a union."""
    path: list[str] = []
    value = given
    for part in (*error["loc"], *error.get("ctx", {}).get("place", ())):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif isinstance(value, dict | list) and part != value_kind(value) and str(part).isidentifier():
            value = None  # a name that is missing
        elif not (isinstance(value, list) and isinstance(part, int)):
            continue
        path.append(str(part))
    return path


def value_kind(value: Any) -> Any:
    return value.get("kind") if isinstance(value, dict) else None


def origin(path: list[str], name: str, root: Node | None, overrides: Sequence[str]) -> str:
    """Where a value came from: the override that gave it, or the file with the line."""
    for override in reversed(overrides):
        keys = keys_of(override)
        if path[: len(keys)] == keys:
            return f"--set {override!r}"
    line = line_of(path, root)
    return name if line is None else f"{name}:{line}"


def line_of(path: Iterable[str], root: Node | None) -> int | None:
    """The line of the last name on the way that stands in the file; None when none does."""
    line, node = None, root
    for part in path:
        if isinstance(node, MappingNode):
            entry = next(((key, value) for key, value in node.value if key.value == part), None)
        elif isinstance(node, SequenceNode) and part.isdigit() and int(part) < len(node.value):
            entry = (node.value[int(part)], node.value[int(part)])
        else:
            entry = None
        if entry is None:
            break
        line, node = entry[0].start_mark.line + 1, entry[1]
    return line


def sentence(error: Any, path: list[str]) -> str:
    """What is wrong with the value at this place, and what was expected."""
    kind, context, where = error["type"], error.get("ctx", {}), ".".join(path)
    if kind == UNKNOWN_OPTION:
        return f"{'.'.join(path[:-1]) or 'the file'} has no option {context['name']!r}{context['hint']}"
    if "[key]" in error["loc"]:
        return f"{'.'.join(path[:1])}: {plain(error['input'])} is no name; put it in quotes if it is meant to be one"
    if kind == "missing":
        return f"{where} is missing"
    if kind == "union_tag_invalid":
        known = [tag.strip("' ") for tag in context["expected_tags"].split(",")]
        return f"{where}: there is no kind {context['tag']!r}{did_you_mean(str(context['tag']), known)}"
    if kind == "union_tag_not_found":
        return f"{where}: say which kind it is, like kind: transformer"
    if kind == "literal_error":
        hint = did_you_mean(str(error["input"]), re.findall(r"'([^']*)'", context["expected"]))
        near = hint if "did you mean" in hint else ""
        return f"{where}: expected {context['expected']}, got {plain(error['input'])}{near}"
    if kind in ("too_short", "too_long"):
        bound = (
            f"at least {context['min_length']}" if kind == "too_short" else f"at most {context['max_length']}"
        )
        return f"{where}: expected {bound}, got {context['actual_length']}: {plain(error['input'])}"
    if kind.startswith("value_error") or kind == "misplaced":
        message = context.get("message") or str(context["error"])
        return f"{where}: {message}" if where else message
    return f"{where}: expected {expected(error)}, got {plain(error['input'])}"


def expected(error: Any) -> str:
    """What a value should have been."""
    bounds = [f"{word} {error['ctx'][sign]}" for sign, word in BOUNDS.items() if sign in error.get("ctx", {})]
    if bounds:
        return "a number " + " and ".join(bounds)
    message = str(error["msg"]).removeprefix("Input should be ")
    return EXPECTED.get(error["type"].split("_")[0], message)


def plain(value: Any) -> str:
    """A value as YAML has it, not too much of it."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "{" + cut(", ".join(map(str, value))) + "}"
    if isinstance(value, bool):
        return json.dumps(value)
    return cut(repr(value))


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
