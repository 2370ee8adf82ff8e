"""Connections that refuse requests before these are even parsed, while no model has room.

Of ten times the load that a server can bear nine tenths are refused, so that a refusal must cost next to nothing. A
request that came whole, between two others of its connection, is answered here with bytes that were made before;
whatever is unusual goes the usual way, where it is refused as well.
"""

import json
import math
import re
import select
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jumok.serving.refusal import Refusal, to_error
from jumok.serving.responses import JSON_TYPE
from jumok.web.guard import HEADERS

LENGTH_LINE = re.compile(rb"\r\ncontent-length: *(\d{1,9})(?=\r\n)", re.IGNORECASE)
END_OF_HEAD = b"\r\n\r\n"

WhyFull = Callable[[bytes], Refusal | None]  # why a request is refused that begins with these bytes, if it is


class SheddingConnection(HttpToolsProtocol):
    """A connection of uvicorn that asks whether there is room before it reads a request."""

    why_full: WhyFull
    in_message = False  # a request has begun, and has not come whole
    refused = 0  # requests

    def data_received(self, data: bytes) -> None:
        """Refuse a whole request if there is no room for it, else go on with it."""
        is_between = not self.in_message and (self.cycle is None or self.cycle.response_complete)
        is_reading = not (self.transport.is_closing() or self.flow.write_paused)
        if is_between and is_reading and is_whole_post(data):
            refusal = self.why_full(data)
            if refusal is not None:
                self.refused += 1
                self._unset_keepalive_if_required()  # the connection is in use
                self.transport.write(refusal_bytes(refusal))
                return
        super().data_received(data)

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, as it asked nothing for a while."""
        if not is_about_to_ask(self):
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        """A request begins."""
        self.in_message = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """A request has come whole."""
        self.in_message = False
        super().on_message_complete()


def is_about_to_ask(connection: Any) -> bool:
    """Whether something has come over a connection that this server, being busy, has not read yet, but will."""
    return not connection.flow.read_paused and has_data(connection)


def has_data(connection: Any) -> bool:
    """Whether something has come over a connection that was not read yet."""
    poll = select.poll()
    try:
        poll.register(connection.transport.get_extra_info("socket").fileno(), select.POLLIN)
    except (OSError, ValueError, AttributeError):  # it is closed
        return False
    return bool(poll.poll(0))


def shedding_connection(why_full: WhyFull) -> type[SheddingConnection]:
    """The class of connections that ask this."""
    return type("Connection", (SheddingConnection,), {"why_full": staticmethod(why_full)})


def is_whole_post(data: bytes) -> bool:
    """Whether bytes are one request with a body, no less and no more."""
    if not data.startswith(b"POST "):
        return False
    end = data.find(END_OF_HEAD)
    lengths = LENGTH_LINE.findall(data, 0, end + 2)
    return len(lengths) == 1 and int(lengths[0]) == len(data) - end - len(END_OF_HEAD)


def refusal_bytes(refusal: Refusal) -> bytes:
    """A whole response that leaves the connection open."""
    body = json.dumps(to_error(str(refusal)), ensure_ascii=False).encode()
    return b"%b\r\nretry-after: %d\r\ncontent-length: %d\r\n\r\n%b" % (
        HEAD,
        max(1, math.ceil(refusal.retry_after or 1)),
        len(body),
        body,
    )


def _head() -> bytes:
    status = HTTPStatus.TOO_MANY_REQUESTS
    lines: dict[str, Any] = {**HEADERS, "content-type": JSON_TYPE}
    told = [f"{name.lower()}: {value}" for name, value in lines.items()]
    return "\r\n".join([f"HTTP/1.1 {status.value} {status.phrase}", *told]).encode()


HEAD = _head()
