"""The possible values of an option, from its JSON schema, in words."""

from collections.abc import Mapping
from typing import Any

TYPE_WORDS = {
    "en": {
        "integer": "whole number",
        "number": "number",
        "text": "text",
        "path": "path",
        "options": "options",
    },
    "ko": {"integer": "정수", "number": "수", "text": "텍스트", "path": "경로", "options": "옵션"},
}
OR = {"en": " or ", "ko": " 또는 "}


def type_in_words(value: Mapping[str, Any], language: str) -> str:
    """The type of a value in words: `whole number above 0`, `a | b`, `[number, number]`, and so on."""
    names = TYPE_WORDS[language]
    if "const" in value or "enum" in value:
        return " | ".join(map(str, value.get("enum", [value.get("const")])))
    if "anyOf" in value or "oneOf" in value:
        return alternatives(value, language)
    if "$ref" in value:
        return names["options"]
    kind = value.get("type")
    if kind == "array":
        return list_in_words(value, language)
    if kind == "object":
        inner = value.get("additionalProperties")
        return "{NAME: " + type_in_words(inner if isinstance(inner, dict) else {}, language) + ", …}"
    if kind == "boolean":
        return "true | false"
    if kind == "null":
        return "null"
    if kind in ("integer", "number"):
        return bounded_number(value, names[kind], language)
    return names["path" if value.get("format") == "path" else "text"]


def alternatives(value: Mapping[str, Any], language: str) -> str:
    """The possible values of a union; null only if it differs from leaving the option out."""
    parts = [part for key in ("anyOf", "oneOf") for part in value.get(key, ())]
    if value.get("default") is None:
        parts = [part for part in parts if part.get("type") != "null"]
    return OR[language].join(dict.fromkeys(type_in_words(part, language) for part in parts))


def list_in_words(value: Mapping[str, Any], language: str) -> str:
    """The values that a list may hold, in words."""
    if "prefixItems" in value:
        items = [type_in_words(item, language) for item in value["prefixItems"]]
        return f"[{len(items)} × {items[0]}]" if len(set(items)) == 1 else f"[{', '.join(items)}]"
    return "[" + type_in_words(value.get("items", {}), language) + ", …]"


def bounded_number(value: Mapping[str, Any], name: str, language: str) -> str:
    """A number with its bounds in words.

    Args:
        value: The JSON schema.
        name: The word for the number.
        language: "en" or "ko".

    Returns:
        The words; bounds of whole numbers are inclusive.
    """
    if value.get("type") == "integer":
        value = with_own_bounds(value)
    low, above = value.get("minimum"), value.get("exclusiveMinimum")
    high, below = value.get("maximum"), value.get("exclusiveMaximum")
    if language == "ko":
        bounds = [(low, "{} 이상"), (above, "{} 초과"), (high, "{} 이하"), (below, "{} 미만")]
        return " ".join([*(text.format(short(bound)) for bound, text in bounds if bound is not None), name])
    bounds = [(low, "from {}"), (above, "above {}"), (high, "to {}"), (below, "below {}")]
    return " ".join([name, *(text.format(short(bound)) for bound, text in bounds if bound is not None)])


def with_own_bounds(value: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with inclusive bounds for whole numbers: above 0 becomes from 1."""
    found = dict(value)
    if "exclusiveMinimum" in found:
        found["minimum"] = found.pop("exclusiveMinimum") + 1
    if "exclusiveMaximum" in found:
        found["maximum"] = found.pop("exclusiveMaximum") - 1
    return found


def short(bound: float) -> str:
    """A number without needless digits."""
    return f"{bound:g}" if abs(bound) < 1e6 else f"{bound:.0f}"


def reference_name(reference: str) -> str:
    """The class that a $ref leads to."""
    return reference.rpartition("/")[2]
