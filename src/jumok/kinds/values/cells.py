"""Cells of a table that hold numbers."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from jumok.wording import quantity

DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")


LARGEST_FLOAT32 = 3.4e38  # that fits into 32 bits
MAX_SHOWN = 60  # characters of a cell in a sentence


def shortened(text: str) -> str:
    """A cell in quotes, with its first characters alone if it is long."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…")


class BadNumber(ValueError):
    """A cell that cannot be read: what is wrong with it, as in "holds 3,5", and what to do."""

    def __init__(self, problem: str, remedy: str, kind: str = "bad_number") -> None:
        super().__init__(problem)
        self.problem, self.remedy, self.kind = problem, remedy, kind


def cell_values(text: str, names: Sequence[str], is_list: bool) -> list[float]:
    """The numbers that a cell holds.

    Args:
        text: The cell.
        names: The names of the values in their order.
        is_list: Whether the cell is a JSON list or object of values, or one number.

    Returns:
        The numbers in the order of the names.

    Raises:
        BadNumber: It is not what it should be.
    """
    if not is_list:
        return [parse_number(text)]
    wanted = f"[{', '.join(names)}], or an object of these names"
    try:
        found = json.loads(text, parse_constant=str)
    except ValueError:
        raise BadNumber(f"holds {shortened(text)}, which is no JSON", f"write a list like {wanted}") from None
    if isinstance(found, dict):
        missing = [name for name in names if name not in found]
        extra = [name for name in found if name not in names]
        if missing or extra:
            wrong = (
                f"has no {missing[0]!r}" if missing else f"has {extra[0]!r}, which is no value of this output"
            )
            raise BadNumber(wrong, f"write a list like {wanted}")
        found = [found[name] for name in names]
    if not isinstance(found, list) or len(found) != len(names):
        raise BadNumber(
            f"holds {shortened(text)}, not {quantity(len(names), 'number')}", f"write a list like {wanted}"
        )
    return [named_number(*pair) for pair in zip(names, found, strict=True)]


def named_number(name: str, value: Any) -> float:
    """The number that a JSON value is; a fault tells the name of the value."""
    try:
        return json_number(value)
    except BadNumber as bad:
        raise BadNumber(f"{bad.problem}, for {name!r}", bad.remedy, bad.kind) from None


def json_number(value: Any) -> float:
    """The number that a JSON value is."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadNumber(
            f"holds {shortened(str(value))}, which is no number", "write a number, or remove the row"
        )
    return parse_number(str(value))


def parse_number(text: str) -> float:
    """The finite number that a text is."""
    try:
        number = float("no" if "_" in text else text)  # 1_000 is Python, and in data a mistake
    except ValueError:
        if DECIMAL_COMMA.fullmatch(text):
            remedy = f"write {text.strip().replace(',', '.')}, or drop the comma if it parts thousands"
            raise BadNumber(
                f"holds {shortened(text)}, a number with a comma", remedy, "decimal_comma"
            ) from None
        raise BadNumber(
            f"holds {shortened(text)}, which is no number", "write a number, or remove the row"
        ) from None
    if not math.isfinite(number) or abs(number) > LARGEST_FLOAT32:
        what = "does not fit into 32 bits" if math.isfinite(number) else "is not finite"
        raise BadNumber(
            f"holds {shortened(text)}, which {what}", "write a number, or remove the row", "not_finite"
        )
    return number
