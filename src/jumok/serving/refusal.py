"""Why a request is not answered, as an HTTP status and a sentence."""

import math
from collections.abc import Mapping
from http import HTTPStatus

from jumok.errors import JumokError


class Refusal(JumokError):
    """A request that is not answered; `retry_after` are the seconds after which it may be.

    `shed` is why a request was turned away that another moment would have taken: "wait", "deadline" or "bytes".
    """

    def __init__(
        self, status: HTTPStatus, message: str, retry_after: float | None = None, shed: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.retry_after, self.shed = status, retry_after, shed

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the response: whole seconds, at least one, where it is worth coming back."""
        if self.retry_after is None:
            return {}
        return {"retry-after": str(max(1, math.ceil(self.retry_after)))}


def bad_request(message: str) -> Refusal:
    """The refusal of a faulty request."""
    return Refusal(HTTPStatus.BAD_REQUEST, message)


def to_error(sentence: str) -> dict[str, str]:
    """The JSON of an error."""
    return {"error": sentence}
