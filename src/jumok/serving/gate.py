"""The outermost layer of a server: counts, logs, and refuses requests before they cost anything."""

import asyncio
from collections.abc import Callable, Mapping
from hmac import compare_digest
from http import HTTPStatus
from time import monotonic
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jumok.serving.model import ServedModel
from jumok.serving.refusal import Refusal, to_error
from jumok.serving.service import ENTRY, Entry, Service
from jumok.web.guard import has_body, send_json, with_headers

OPEN = ("/v2/health/live", "/v2/health/ready", "/docs", "/docs.js")  # that need no token
ASKING = ("predict", "infer", "generate", "generate_stream")  # routes that a model computes for
KEPT_PATHS = 256


class Gate:
    """Lets requests in that are authorized, while there is room for them; measures all of them."""

    def __init__(
        self,
        app: ASGIApp,
        service: Service,
        token: str | None,
        address: Callable[[str], tuple[str, str | None]],
    ) -> None:
        self.app, self.service, self.token, self.address = app, service, token, address
        self.active = 0  # requests
        self.paths: dict[
            bytes, tuple[str, ServedModel | None]
        ] = {}  # those that were asked for, by the way of sheds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self.service.is_draining:
                    MutableHeaders(scope=message)["connection"] = "close"
            async with asyncio.timeout(self.service.limits.receive):  # of a client that does not read
                await send(message)

        self.active += 1
        try:
            await self.admit(scope, receive, sending)
        except TimeoutError:
            status = status or 408
        finally:
            self.active -= 1
            self.note(scope, status, monotonic() - began)

    async def admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        held, entry = 0, Entry(None)
        try:
            headers = Headers(scope=scope)
            self.refuse_stranger(scope["path"], headers)
            if scope["method"] == "POST":
                entry = self.enter(scope["path"])
                held = self.hold(headers)
            scope[ENTRY] = entry
            await self.app(scope, self.receiving(receive), send)
        except Refusal as refusal:
            self.service.metrics.count_shed(refusal.shed)
            await send_json(with_headers(send), refusal.status, to_error(str(refusal)), self.headers(refusal))
        finally:
            entry.leave()
            self.service.held -= held

    def why_full(self, data: bytes) -> Refusal | None:
        """Why a whole request that begins with these bytes is shed at once, and counted; None: it may be let in."""
        if self.token is not None:
            return None
        path = data[5 : data.find(b" ", 5)]
        found = self.paths.get(path)
        if found is None:
            found = self.paths[path] = self.asked_by(path)
            while len(self.paths) > KEPT_PATHS:
                del self.paths[next(iter(self.paths))]
        route, model = found
        refusal = None if model is None else model.why_full()
        if refusal is not None and model is not None:
            self.service.metrics.count_shed(refusal.shed)
            self.service.metrics.requests.labels(route, model.name, "429").inc()
        return refusal

    def asked_by(self, path: bytes) -> tuple[str, ServedModel | None]:
        """The route of a path, and the model that it asks to compute."""
        route, name = self.address(path.decode("latin-1"))
        models = self.service.models
        if route not in ASKING or not (name in models or (name is None and len(models) == 1)):
            return route, None
        return route, self.service.model(name)

    def headers(self, refusal: Refusal) -> Mapping[str, str]:
        """The headers of a refusal; a server that shuts down closes the connection, too."""
        closing = refusal.status == HTTPStatus.SERVICE_UNAVAILABLE
        return {**refusal.headers, **({"connection": "close"} if closing else {})}

    def refuse_stranger(self, path: str, headers: Headers) -> None:
        """Refusal of a request without the token, where one is needed."""
        if self.token is None or path in OPEN:
            return
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not compare_digest(given.strip().encode(), self.token.encode()):
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "this server needs its token; send the header Authorization: Bearer TOKEN",
            )

    def enter(self, path: str) -> Entry:
        """Let a request in that asks a model; Refusal, before its body is read, if it would not be answered."""
        _, model = self.asked_by(path.encode())
        if model is not None:
            model.refuse_early()
        return Entry(model)

    def hold(self, headers: Headers) -> int:
        """Count the bytes of a request, be it whole or not; Refusal if there is no room for it."""
        length = headers.get("content-length", "")
        most = self.service.limits.body_bytes
        count = min(int(length), most) if length.isdigit() else most if has_body(headers) else 0
        if self.service.held + count > self.service.limits.held_bytes:
            sentence = "the requests in the server hold too many bytes; ask again later"
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, sentence, 1, shed="bytes")
        self.service.held += count
        return count

    def receiving(self, receive: Receive) -> Receive:
        """The same messages, as long as a body arrives in time."""
        deadline, is_whole = monotonic() + self.service.limits.receive, False

        async def next_message() -> Message:
            nonlocal is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(max(deadline - monotonic(), 0)):
                    message = await receive()
            except TimeoutError:
                seconds = self.service.limits.receive
                sentence = f"the request did not arrive within {seconds:g} s; send it faster, or less"
                raise Refusal(HTTPStatus.REQUEST_TIMEOUT, sentence) from None
            is_whole = not message.get("more_body", False)
            return message

        return next_message

    def note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request; nothing that the client sent is repeated.

        Args:
            scope: The request.
            status: The status of its response.
            seconds: From its arrival to the end of its response.
        """
        route, name = self.address(scope["path"])
        models = self.service.models
        if name is None and route in ASKING and len(models) == 1:
            (name,) = models
        model = name if name in models else ""
        metrics = self.service.metrics
        metrics.requests.labels(route, model, str(status)).inc()
        metrics.latency.labels(route, model).observe(seconds)
        if status != HTTPStatus.TOO_MANY_REQUESTS:  # of sheds there may be thousands in a second
            about: Mapping[str, Any] = {"route": route, "model": model, "status": status}
            self.service.log.event("request", {**about, "ms": round(1000 * seconds, 1)})
