"""Charts of the answers to an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jumok.drawing.charts import stack_charts
from jumok.kinds.contract import InputField, OutputField

if TYPE_CHECKING:
    from PIL import Image


def chart_answers(
    inputs: Mapping[str, InputField],
    outputs: Mapping[str, OutputField],
    given: Mapping[str, Any],
    answers: Mapping[str, Any],
    right: Mapping[str, Any],
) -> Image.Image | None:
    """The charts of all outputs that have one, one below the other.

    Args:
        inputs: The inputs.
        outputs: The outputs.
        given: Parsed values by input.
        answers: Predicted values by output.
        right: Right values by output, as far as they are known.

    Returns:
        The chart; None if no output has one.
    """
    charted = {name: one.chart for name, one in outputs.items() if one.chart is not None}
    if not charted:
        return None
    pages = {
        name: one.page.to_json(given[name]) for name, one in inputs.items() if one.page and name in given
    }
    return stack_charts([chart(answers[name], right.get(name), pages) for name, chart in charted.items()])
