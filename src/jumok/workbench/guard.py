"""Restricts a local server to its own page: other hosts and origins, and large bodies, are refused.

Any page in a browser can send requests to a loopback address. A foreign page names its origin, or, when a name of its
own was made to mean this machine (DNS rebinding), its host; neither is answered.
"""

import json
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jumok.workbench.korean import in_korean

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


class Guard:
    """Lets requests through that the server's own page makes, or a person with a program of theirs."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], most_bytes: int = MOST_BYTES) -> None:
        self.app, self.hosts, self.most_bytes = app, hosts, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self.why_refused(Headers(scope=scope), scope)
        if refused is not None:
            await send_error(sending, *refused)
            return
        await self.app(scope, self.counting(receive), sending)

    def why_refused(self, headers: Headers, scope: Scope) -> tuple[int, str] | None:
        """Status and message if the request is refused, else None."""
        if headers.get("host", "").lower() not in self.hosts:
            return 403, "this server answers only at its own address on this machine"
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self.hosts}:
            return 403, "this server answers only its own page, not one of another origin"
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and is_asked(scope):
            return 403, "this server answers only its own page, not one of another site"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.most_bytes:
            return 413, self.too_large
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] == "POST" and has_body(headers) and kind not in BODIES:
            return 415, f"a body must be {' or '.join(BODIES)}; got {kind or 'nothing said'}"
        return None

    @property
    def too_large(self) -> str:
        """The message for a body above the limit."""
        return f"this is too large: at most {self.most_bytes / 1e6:g} MB are read; make it smaller"

    def counting(self, receive: Receive) -> Receive:
        """The same messages, until they are too many bytes."""
        received = 0

        async def receiving() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.most_bytes:
                raise HTTPException(413, self.too_large)
            return message

        return receiving


def is_asked(scope: Scope) -> bool:
    """Whether a request is for the models; the page itself may be opened from anywhere."""
    return bool(scope["path"].startswith("/api/"))


def has_body(headers: Headers) -> bool:
    """Whether a request announces a body."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def send_error(send: Send, status: int, sentence: str) -> None:
    """Send an error as JSON.

    Args:
        send: The ASGI callable.
        status: The HTTP status.
        sentence: The message in English.
    """
    body = json.dumps({"error": {"en": sentence, "ko": in_korean(sentence)}}, ensure_ascii=False).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
