"""The routes of a server as an ASGI application."""

from collections.abc import Collection
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from jumok.errors import JumokError
from jumok.serving.gate import Gate
from jumok.serving.generate_routes import add_generate_routes
from jumok.serving.predict_routes import add_predict_routes
from jumok.serving.protocol_routes import add_protocol_routes
from jumok.serving.refusal import Refusal, to_error
from jumok.serving.responses import json_response
from jumok.serving.server_routes import add_server_routes
from jumok.serving.service import GONE, ClientGone, Service
from jumok.web.guard import Guard, Rules

HTTP_SENTENCES = {404: "there is nothing at this address", 405: "this address is not asked in this way"}


def serving_app(service: Service, hosts: Collection[str] | None, token: str | None, version: str) -> Gate:
    """The server as an ASGI application.

    Args:
        service: The models.
        hosts: The hosts that it answers to, like "127.0.0.1:8000"; None: any, where a token is needed.
        token: What requests must bring; None: nothing.
        version: The version of jumok.

    Returns:
        The application.
    """
    app = FastAPI(
        title="jumok",
        version=version,
        docs_url=None,  # those pages load programs from other hosts; ours does not
        redoc_url=None,
        openapi_url=None,  # it is made with examples of the models, in server_routes
        exception_handlers={
            Refusal: on_refusal(service),
            JumokError: on_error,
            HTTPException: on_http_exception,
            ClientDisconnect: on_gone,
            ClientGone: on_gone,
            Exception: on_server_error,
        },
    )
    app.router.redirect_slashes = False
    add_predict_routes(app, service)
    add_generate_routes(app, service)
    add_protocol_routes(app, service, version)
    add_server_routes(app, service)
    rules = Rules(hosts, to_error, service.limits.body_bytes, is_page=lambda path: path == "/docs")
    return Gate(Guard(app, rules), service, token, address_of)


def address_of(path: str) -> tuple[str, str | None]:
    """The route of a path, and the model that it names: ("predict", "translate")."""
    parts = path.strip("/").split("/")
    if parts[0] in ("predict", "generate", "generate_stream") and len(parts) <= 2:
        return parts[0], parts[1] if len(parts) == 2 else None
    if parts[:2] == ["v2", "models"] and len(parts) >= 3:
        last = parts[-1] if parts[-1] in ("infer", "generate", "generate_stream", "ready") else "model"
        return last, parts[2]
    if path in (
        "/metrics",
        "/docs",
        "/docs.js",
        "/openapi.json",
        "/models",
        "/v2",
        "/reload",
    ) or path.startswith("/v2/health/"):
        return path.strip("/"), None
    return "other", None


def on_refusal(service: Service) -> Any:
    """The response to a request that is refused."""

    async def respond(request: Request, refusal: Refusal) -> Response:
        service.metrics.count_shed(refusal.shed)
        return json_response(to_error(str(refusal)), refusal.status, dict(refusal.headers))

    return respond


async def on_error(request: Request, error: JumokError) -> Response:
    """The response to an error of the client."""
    return json_response(to_error(str(error)), 400)


async def on_http_exception(request: Request, error: HTTPException) -> Response:
    """The response to an unknown address or method, or a form that cannot be read."""
    return json_response(
        to_error(HTTP_SENTENCES.get(error.status_code, str(error.detail))), error.status_code
    )


async def on_gone(request: Request, error: Exception) -> Response:
    """The response that nobody reads."""
    return json_response(to_error("the client has gone"), GONE)


async def on_server_error(request: Request, error: Exception) -> Response:
    """The response to an error of the program."""
    sentence = f"this could not be answered ({type(error).__name__}); the log of the server says more"
    return json_response(to_error(sentence), 500)
