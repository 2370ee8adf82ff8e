"""Responses of JSON_TYPE."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

JSON_TYPE = "application/json"


def json_response(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response of compact JSON_TYPE.

    Args:
        document: The body.
        status: The HTTP status.
        headers: More headers.

    Returns:
        The response.
    """
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(body, status, headers, JSON_TYPE)


def answers_response(model: str, answers: Sequence[bytes], is_batch: bool) -> Response:
    """The answers of a model, which are JSON_TYPE already.

    Args:
        model: The name of the model.
        answers: The answer to each input.
        is_batch: Whether a batch was asked, whose answers are a list.

    Returns:
        The response.
    """
    name = json.dumps(model).encode()
    if is_batch:
        body = b'{"model":%b,"answers":[%b]}' % (name, b",".join(answers))
    else:
        body = b'{"model":%b,"answer":%b}' % (name, answers[0])
    return Response(body, media_type=JSON_TYPE)
