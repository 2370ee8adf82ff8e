"""The description of the routes in OpenAPI, with examples of what the models were evaluated on."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from jumok.serving.model import ServedModel
from jumok.serving.requests import PredictRequest, RequestOptions
from jumok.serving.responses import JSON_TYPE
from jumok.serving.service import Service

FORM = "multipart/form-data"
ERRORS = {
    400: "The request is faulty; `error` says why.",
    413: "The body is too large.",
    429: "Too many requests wait; come back after `Retry-After` seconds.",
    503: "A model is being loaded, or the server shuts down.",
    504: "The time that the request may take is over.",
}


def body_of(model: type[RequestOptions], form: bool = False) -> dict[str, Any]:
    """What `openapi_extra` says of the body of a route.

    Args:
        model: The options of its JSON.
        form: Whether forms with files are read, too.

    Returns:
        The part of the document.
    """
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    content: dict[str, Any] = {JSON_TYPE: {"schema": schema}}
    if form:
        files = {
            "file": {
                "type": "string",
                "format": "binary",
                "description": "Or fields by the name of an input.",
            }
        }
        content[FORM] = {"schema": {"type": "object", "properties": files, "additionalProperties": True}}
    return {"requestBody": {"required": True, "content": content}}


def responses() -> dict[int | str, dict[str, Any]]:
    """The errors that routes answer with."""
    return {status: {"description": sentence} for status, sentence in ERRORS.items()}


def document_of(app: FastAPI, service: Service) -> dict[str, Any]:
    """The document of all routes, with examples of the models that are loaded."""
    document: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    schemas = PredictRequest.model_json_schema(ref_template="#/components/schemas/{model}").get("$defs", {})
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)
    examples = {
        f"{name} {number + 1}": {"summary": f"{name}: of its test split", "value": {"inputs": value}}
        for name, model in service.models.items()
        for number, value in enumerate(model_examples(model))
    }
    for path, methods in document["paths"].items():
        if path.startswith(("/predict", "/generate")) and examples:
            methods["post"]["requestBody"]["content"][JSON_TYPE]["examples"] = examples
    return document


def model_examples(model: ServedModel) -> list[Mapping[str, Any]]:
    """Inputs of a model by name."""
    return list(model.description.get("examples", ()))
