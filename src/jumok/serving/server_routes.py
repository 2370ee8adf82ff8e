"""Routes about the server itself: models, metrics, reload, and the page of its interface."""

from http import HTTPStatus
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from jumok.errors import RunError
from jumok.serving.openapi import document_of
from jumok.serving.refusal import Refusal
from jumok.serving.responses import json_response
from jumok.serving.service import Service

OF_ONE_MODEL: dict[str, Any] = {
    "parameters": [{"name": "model", "in": "query", "required": False, "schema": {"type": "string"}}]
}
LOCAL_CLIENTS = ("127.0.0.1", "::1")


def add_server_routes(app: FastAPI, service: Service) -> None:
    """Add `/models`, `/metrics`, `/reload`, `/docs` and `/openapi.json`."""
    page, program = (
        (files("jumok.serving") / "page" / name).read_bytes() for name in ("docs.html", "docs.js")
    )

    async def models(request: Request) -> Response:
        """All models: what they read and write, and how they answer."""
        found = [
            {"name": one.name, "ready": one.is_ready, **one.description} for one in service.models.values()
        ]
        return json_response({"models": found})

    async def metrics(request: Request) -> Response:
        """Metrics for Prometheus."""
        return Response(service.metrics.text(service.look), media_type=CONTENT_TYPE_LATEST)

    async def reload(request: Request) -> Response:
        """Load a model again from its folder; requests of this machine only."""
        if request.client is None or request.client.host not in LOCAL_CLIENTS:
            raise Refusal(HTTPStatus.FORBIDDEN, "models are loaded again by requests of this machine only")
        found = service.model(request.query_params.get("model"))
        try:
            await found.reload()
        except RunError as error:
            raise Refusal(HTTPStatus.CONFLICT, f"{error}; the old model goes on") from None
        return json_response({"reloaded": found.name})

    async def docs(request: Request) -> Response:
        """The page of the interface."""
        return Response(page, media_type="text/html; charset=utf-8")

    async def docs_program(request: Request) -> Response:
        """The program of that page."""
        return Response(program, media_type="text/javascript; charset=utf-8")

    async def document(request: Request) -> Response:
        """The interface in OpenAPI."""
        return json_response(document_of(app, service))

    for path, ask, method, shown in (
        ("/models", models, "GET", True),
        ("/metrics", metrics, "GET", True),
        ("/reload", reload, "POST", True),
        ("/docs", docs, "GET", False),
        ("/docs.js", docs_program, "GET", False),
        ("/openapi.json", document, "GET", False),
    ):
        app.add_api_route(
            path,
            ask,
            methods=[method],
            response_class=Response,
            include_in_schema=shown,
            openapi_extra=OF_ONE_MODEL if path == "/reload" else None,
        )
