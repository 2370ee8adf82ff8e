"""The routes of a server as an ASGI application."""

from collections.abc import Collection, Sequence
from http import HTTPStatus

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

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
    described = FastAPI(
        title="jumok",
        version=version,
        docs_url=None,  # those pages load programs from other hosts; ours does not
        redoc_url=None,
        openapi_url=None,  # it is made with examples of the models, in server_routes
    )
    add_predict_routes(described, service)
    add_generate_routes(described, service)
    add_protocol_routes(described, service, version)
    add_server_routes(described, service)
    app = AnsweringApp([one for one in described.routes if isinstance(one, Route)], service)
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


class AnsweringApp:
    """Answers requests by functions that read them themselves.

    FastAPI describes the routes, but what it does for each request takes longer than all the rest.
    """

    def __init__(self, routes: Sequence[Route], service: Service) -> None:
        self.routes, self.service = routes, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, failure = Request(scope, receive, send), None
        try:
            response = await self.respond(request)
        except Exception as error:
            response = self.on_error(error)
            failure = error if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR else None
        await response(scope, receive, send)
        if failure is not None and not isinstance(failure, JumokError):
            raise failure

    async def respond(self, request: Request) -> Response:
        """The response of the route that fits; HTTPException if none does."""
        status = HTTPStatus.NOT_FOUND
        for route in self.routes:
            match, found = route.matches(request.scope)
            if match is Match.FULL:
                response: Response = await route.endpoint(request, **found["path_params"])
                return response
            if match is Match.PARTIAL:
                status = HTTPStatus.METHOD_NOT_ALLOWED
        raise HTTPException(status)

    def on_error(self, error: Exception) -> Response:
        """The response to a request that ended in an error."""
        if isinstance(error, Refusal):
            self.service.metrics.count_shed(error.shed)
            return json_response(to_error(str(error)), error.status, dict(error.headers))
        if isinstance(error, JumokError):
            return json_response(to_error(str(error)), 400)
        if isinstance(error, HTTPException):  # an unknown address or method, or a form that cannot be read
            sentence = HTTP_SENTENCES.get(error.status_code, str(error.detail))
            return json_response(to_error(sentence), error.status_code)
        if isinstance(error, ClientDisconnect | ClientGone):
            return json_response(to_error("the client has gone"), GONE)  # nobody reads it
        sentence = f"this could not be answered ({type(error).__name__}); the log of the server says more"
        return json_response(to_error(sentence), 500)
