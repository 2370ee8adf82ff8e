"""What the servers of this house's pages share: their files, guarded applications, parsing of requests, and errors."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from jumok.errors import DataError, JumokError
from jumok.web.guard import Guard, Rules
from jumok.workbench.korean import in_korean

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}

Endpoint = Callable[[Request], Awaitable[Response]]
OnError = Callable[[Request, Any], Awaitable[Response]]


def page_files(folder: str, address: str = "/") -> dict[str, Response]:
    """The files of a folder of this room, by their addresses; nothing else is ever served."""
    found = {}
    for file in (files("jumok.workbench") / folder).iterdir():
        kind = TYPES.get(file.name.rpartition(".")[2])
        if kind is not None:
            found[f"{address}{file.name}"] = Response(file.read_bytes(), media_type=kind)
    return found


def as_page(found: Mapping[str, Response]) -> dict[str, Response]:
    """The files with the addresses that every page has: "/" for index.html, and no icon."""
    return {**found, "/": found["/index.html"], "/favicon.ico": Response(status_code=204)}


def guarded(
    page: Mapping[str, Response],
    answers: Sequence[tuple[str, str, Endpoint]],
    hosts: Collection[str],
    most_bytes: int,
    on_error: OnError,
) -> Guard:
    """An ASGI application of a page and its endpoints, which answers the page alone.

    Args:
        page: The files of the page by their addresses.
        answers: The endpoints: their names below /api/, the methods, and what answers.
        hosts: The hosts that it answers to, like "127.0.0.1:8765".
        most_bytes: The limit of a body.
        on_error: Answers an error that the user can fix.

    Returns:
        The application.
    """
    routes = [
        *(Route(path, serve_page(served), methods=["GET"]) for path, served in page.items()),
        *(Route(f"/api/{name}", ask, methods=[method]) for name, method, ask in answers),
    ]
    handlers: Mapping[Any, Any] = {
        JumokError: on_error,
        HTTPException: on_http_error,
        ClientDisconnect: on_disconnect,
        Exception: on_failure,
    }
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False  # a file has one address
    rules = Rules(frozenset(hosts), bilingual, most_bytes, is_page=lambda path: not path.startswith("/api/"))
    return Guard(app, rules)


def serve_page(served: Response) -> Endpoint:
    """An endpoint that always serves the same response."""

    async def serve(request: Request) -> Response:
        return served

    return serve


class QueryParams:
    """The query of a request."""

    def __init__(self, request: Request) -> None:
        self.given = request.query_params

    def text(self, name: str) -> str:
        """A parameter as text; DataError if it is missing."""
        if name not in self.given:
            raise DataError(f"{name} is missing")
        return self.given[name]

    def number(self, name: str, otherwise: int | None = None) -> int:
        """A number, 0 or more; DataError if it is none."""
        if name not in self.given and otherwise is not None:
            return otherwise
        said = self.text(name)
        if not (said.isascii() and said.isdigit() and len(said) < 10):
            raise DataError(f"{name} must be a whole number, 0 or more; got {said[:40]!r}")
        return int(said)

    def number_or_none(self, name: str) -> int | None:
        """A parameter as a whole number; None if it is missing."""
        return self.number(name) if name in self.given else None


def as_json(value: Any, status: int = 200) -> Response:
    """A response of compact JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Response(body, status, media_type="application/json")


def parse_json(body: str | bytes) -> Any:
    """What a request says; DataError if it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise DataError("the request is no JSON") from None


async def on_http_error(request: Request, error: HTTPException) -> Response:
    """The response to an unknown address or method."""
    sentences = {
        404: ("there is nothing at this address", "이 주소에는 아무것도 없습니다"),
        405: ("this address is not asked in this way", "이 주소는 이런 방식으로 요청할 수 없습니다"),
    }
    detail = str(error.detail)
    return error_response(error.status_code, *sentences.get(error.status_code, (detail, in_korean(detail))))


async def on_disconnect(request: Request, error: ClientDisconnect) -> Response:
    """The response to a request that broke off."""
    return error_response(400, "the request broke off", "요청이 끊어졌습니다")


async def on_failure(request: Request, error: Exception) -> Response:
    """The response to an error of the program; details are in the terminal only."""
    name = type(error).__name__
    return error_response(
        500,
        f"this could not be computed ({name}); the terminal of jumok says more",
        f"계산하지 못했습니다 ({name}). jumok을 실행한 터미널에 자세한 내용이 있습니다.",
    )


def error_response(status: int, sentence: str, korean: str) -> Response:
    """An error in English and Korean as JSON.

    Args:
        status: The HTTP status.
        sentence: The message in English.
        korean: The message in Korean.

    Returns:
        The response.
    """
    body = json.dumps({"error": {"en": sentence, "ko": korean}}, ensure_ascii=False)
    return Response(body, status, media_type="application/json")


def bilingual(sentence: str) -> dict[str, dict[str, str]]:
    """The JSON of an error of the guard."""
    return {"error": {"en": sentence, "ko": in_korean(sentence)}}
