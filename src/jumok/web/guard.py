"""Restricts a server to those who may ask it: other hosts and origins, and large bodies, are refused.

Any page in a browser can send requests to a loopback address. A foreign page names its origin, or, when a name of its
own was made to mean this machine (DNS rebinding), its host; neither is answered.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 20_000_000  # of a body
BODIES = ("application/json", "multipart/form-data")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Rules:
    """Who may ask a server, and for what."""

    hosts: Collection[str] | None  # the hosts that it answers to, like "127.0.0.1:8765"; None: any
    to_error: Callable[[str], Any]  # the JSON of the error with this sentence
    most_bytes: int = MOST_BYTES  # of a body
    is_page: Callable[[str], bool] = lambda path: False  # whether a path may be opened from a foreign page

    def why_refused(self, headers: Headers, scope: Scope) -> tuple[int, str] | None:
        """Status and message if the request is refused, else None."""
        return self._foreign(headers, scope) or self._unfit(headers, scope["method"])

    def _foreign(self, headers: Headers, scope: Scope) -> tuple[int, str] | None:
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        if self.hosts is not None and host not in self.hosts:
            return 403, "this server answers only at its own address on this machine"
        own = {host} if self.hosts is None else self.hosts
        if origin is not None and origin.lower() not in {f"{scope['scheme']}://{one}" for one in own}:
            return 403, "this server answers only its own page, not one of another origin"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not self.is_page(
            scope["path"]
        ):
            return 403, "this server answers only its own page, not one of another site"
        return None

    def _unfit(self, headers: Headers, method: str) -> tuple[int, str] | None:
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.most_bytes:
            return 413, self.too_large
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method in ("POST", "PUT") and has_body(headers) and kind not in BODIES:
            return 415, f"a body must be {' or '.join(BODIES)}; got {kind or 'nothing said'}"
        return None

    @property
    def too_large(self) -> str:
        """The message for a body above the limit."""
        return f"this is too large: at most {self.most_bytes / 1e6:g} MB are read; make it smaller"


class Guard:
    """Lets requests through that the server's own page makes, or a person with a program of theirs."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        sending = with_headers(send)
        refused = self.rules.why_refused(Headers(scope=scope), scope)
        if refused is not None:
            status, sentence = refused
            await send_json(sending, status, self.rules.to_error(sentence))
            return
        await self.app(scope, self.counting(receive), sending)

    def counting(self, receive: Receive) -> Receive:
        """The same messages, until they are too many bytes."""
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.rules.most_bytes:
                raise HTTPException(413, self.rules.too_large)
            return message

        return receiving


def with_headers(send: Send) -> Send:
    """The same messages, with the headers that every response has."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending


def has_body(headers: Headers) -> bool:
    """Whether a request announces a body."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def send_json(send: Send, status: int, document: Any, headers: Mapping[str, str] | None = None) -> None:
    """Send a whole response.

    Args:
        send: The ASGI callable.
        status: The HTTP status.
        document: The body, as JSON.
        headers: More headers.
    """
    body = json.dumps(document, ensure_ascii=False).encode()
    told = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
