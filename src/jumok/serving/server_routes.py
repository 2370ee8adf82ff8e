"""Routes about the server itself: models, metrics, reload, and the page of its interface."""

from http import HTTPStatus

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from jumok.errors import RunError
from jumok.serving.refusal import Refusal
from jumok.serving.responses import json_response
from jumok.serving.service import Service

LOOPBACK = ("127.0.0.1", "::1")


def add_server_routes(app: FastAPI, service: Service) -> None:
    """Add `/models`, `/metrics` and `/reload`."""

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
        if request.client is None or request.client.host not in LOOPBACK:
            raise Refusal(HTTPStatus.FORBIDDEN, "models are loaded again by requests of this machine only")
        model = service.model(request.query_params.get("model"))
        try:
            await model.reload()
        except RunError as error:
            raise Refusal(HTTPStatus.CONFLICT, f"{error}; the old model goes on") from None
        return json_response({"reloaded": model.name})

    app.add_route("/models", models, methods=["GET"])
    app.add_route("/metrics", metrics, methods=["GET"])
    app.add_route("/reload", reload, methods=["POST"])
