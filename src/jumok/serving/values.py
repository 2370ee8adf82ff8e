"""Answers as JSON for clients."""

import base64
import io
from typing import Any

from jumok.kinds.contract import OutputField


def value_to_json(field: OutputField, value: Any) -> dict[str, Any]:
    """The answer of one output; one that is an image of its own has it as a PNG in base64."""
    document: dict[str, Any] = value.to_json()
    if field.to_image is None:
        return document
    file = io.BytesIO()
    field.to_image(value).save(file, "PNG")
    return {**document, "png": base64.b64encode(file.getvalue()).decode()}
