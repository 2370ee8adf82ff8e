"""Exact attention weights of the rows that a request asks for."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jumok.errors import DataError
from jumok.inspection.inspect import Inspection, inspect_input
from jumok.inspection.uses import Use
from jumok.predictor import Predictor
from jumok.wording import quantity


def attention_of(
    predictor: Predictor, values: Mapping[str, Any], asked: Mapping[str, Any], limits: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The weights of the best answer to one input, by group of layers.

    Args:
        predictor: The predictor.
        values: The input by name.
        asked: The names of `groups` (None: those between inputs and outputs, or all where there are none), and the
            numbers of `queries` (None: all).
        limits: At most `numbers` weights are given.

    Returns:
        For each group its layers, axes and rows: weights (L, H, S) of each query.

    Raises:
        DataError: There is no such group or query, or too many weights are asked for.
    """
    inspection = inspect_input(predictor, values)
    groups = chosen_groups(inspection, asked["groups"])
    rows = {use.id: chosen_queries(use, asked["queries"]) for use in groups}
    count = sum(len(rows[use.id]) * sum(use.heads) * use.sides[1] for use in groups)
    if count > limits["numbers"]:
        raise DataError(
            f"these rows are {quantity(count, 'weight')} of attention, at most {limits['numbers']:,} are given "
            'at a time; ask for fewer, like "attention": {"queries": [0], "groups": ["' + groups[0].id + '"]}'
        )
    return [
        {
            **use.to_json(),
            "rows": [
                {"query": query, "weights": inspection.row(use.id, 0, query).float().cpu().tolist()}
                for query in rows[use.id]
            ],
        }
        for use in groups
    ]


def chosen_groups(inspection: Inspection, names: Sequence[str] | None) -> list[Use]:
    """The groups of these names, or those between inputs and outputs, or all where there are none."""
    if names is not None:
        return [inspection.use(name) for name in names]
    uses = list(inspection.uses.values())
    if not uses:
        raise DataError("this model has no attention, so there is none to show; ask without it")
    return [use for use in uses if use.use == "cross"] or uses


def chosen_queries(use: Use, numbers: Sequence[int] | None) -> Sequence[int]:
    """The queries of these numbers, or all of a group."""
    return range(use.sides[0]) if numbers is None else numbers


def with_attention(answer: bytes, attention: list[dict[str, Any]]) -> bytes:
    """The JSON of an answer, with its attention."""
    return json.dumps(
        {**json.loads(answer), "attention": attention}, ensure_ascii=False, allow_nan=False
    ).encode()
