"""The workbench's server: the page, and its endpoints.

Models work in a thread of their own, one at a time; weights of what was recorded are computed beside it, so that nobody
who hovers waits for a prediction.
"""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from torch import Tensor

from jumok.errors import DataError, JumokError
from jumok.inspection.ablation import ablate
from jumok.inspection.inspect import Inspection
from jumok.web.guard import MOST_BYTES, Guard
from jumok.web.uploads import decode_upload
from jumok.workbench import details
from jumok.workbench.korean import in_korean
from jumok.workbench.offline import packed_of
from jumok.workbench.responses import (
    Endpoint,
    QueryParams,
    as_json,
    as_page,
    error_response,
    guarded,
    page_files,
    parse_json,
)
from jumok.workbench.workbench import ExpiredInspection, Workbench, values_of

BINARY_TYPE = "application/octet-stream"  # a page may ask for rows in this way
FIELDS = 20  # of a form, at most
READERS = 2  # threads that compute weights

Computation = Callable[[], Any]


def application(bench: Workbench, hosts: Collection[str], most_bytes: int = MOST_BYTES) -> Guard:
    """The server as an ASGI application.

    Args:
        bench: The runs.
        hosts: The hosts that it answers to, like "127.0.0.1:8765".
        most_bytes: The limit of a body.

    Returns:
        The application.
    """
    api = Api(bench)
    answers: dict[str, tuple[str, Endpoint]] = {
        "session": ("GET", api.session),
        "look": ("POST", api.look),
        "test": ("POST", api.test),
        "row": ("GET", api.row),
        **{name: ("GET", api.detail(ask)) for name, ask in DETAILS.items()},
    }
    asked = [(name, method, ask) for name, (method, ask) in answers.items()]
    return guarded(as_page(page_files("page")), asked, hosts, most_bytes, on_jumok_error)


class Api:
    """The endpoints of the workbench."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.models = ThreadPoolExecutor(1, "models")
        self.readers = ThreadPoolExecutor(READERS, "readers")

    async def session(self, request: Request) -> Response:
        """The runs and the version."""
        return as_json(self.bench.session())

    async def look(self, request: Request) -> Response:
        """Predict one input, and keep the inspection."""
        number, given = await self.asked(request)
        run = self.bench.run(number)
        return await self.answered(self.models, lambda: self.bench.look(run, values_of(run, given)))

    async def test(self, request: Request) -> Response:
        """Test by ablation whether the keys that a query attends to most matter for the output."""
        asked = LookParams(request)
        look = self.bench.find(asked.text("look"))
        return await self.answered(
            self.models,
            lambda: ablate(
                look,
                asked.text("attention"),
                asked.number("answer", 0),
                asked.number("query"),
                asked.number_or_none("layer"),
                asked.number_or_none("head"),
                asked.number("k", 3),
            ),
        )

    async def row(self, request: Request) -> Response:
        """The attention weights of one query, as JSON, or as binary numbers if the page accepts them."""
        asked = LookParams(request)
        look, query = self.bench.find(asked.text("look")), asked.number("query")
        if BINARY_TYPE in request.headers.get("accept", ""):
            return await self.run_in(self.readers, lambda: as_numbers(look.row(*asked.where, query)))
        return await self.answered(self.readers, lambda: details.row(look, *asked.where, query))

    def detail(self, ask: Callable[[Inspection, "LookParams"], Any]) -> Endpoint:
        """The function that computes a detail."""

        async def answer(request: Request) -> Response:
            asked = LookParams(request)
            look = self.bench.find(asked.text("look"))
            return await self.answered(self.readers, partial(ask, look, asked))

        return answer

    async def answered(self, threads: ThreadPoolExecutor, ask: Computation) -> Response:
        """What a thread has found, as JSON that it has written."""
        return await self.run_in(threads, lambda: as_json(ask()))

    async def run_in(self, threads: ThreadPoolExecutor, answer: Callable[[], Response]) -> Response:
        """Compute a response in one of these threads."""
        return await asyncio.get_running_loop().run_in_executor(threads, answer)

    async def asked(self, request: Request) -> tuple[object, object]:
        """The number of a run and the inputs, from JSON or from a form with files."""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form(max_files=FIELDS, max_fields=FIELDS) as form:
                fields = {name: await self.field(name, value) for name, value in form.multi_items()}
            number = fields.pop("run", "0")
            if isinstance(fields.get("inputs"), str):  # those that are no files
                fields |= as_object(fields.pop("inputs"))
            return (int(number) if str(number).isdecimal() else number), fields
        given = parse_json(await request.body())
        if not isinstance(given, dict):
            raise DataError('the request must be an object like {"run": 0, "inputs": {...}}')
        return given.get("run", 0), given.get("inputs")

    async def field(self, name: str, value: str | UploadFile) -> Any:
        """A field of a form: an image, frames, or a text."""
        if isinstance(value, str):
            return value
        data, file = await value.read(), value.filename or name
        read = partial(decode_upload, data, file)
        return await asyncio.get_running_loop().run_in_executor(self.readers, read)


class LookParams(QueryParams):
    """The query of a request about a look."""

    @property
    def where(self) -> tuple[str, int]:
        """Attention and answer."""
        return self.text("attention"), self.number("answer", 0)


DETAILS: dict[str, Callable[[Inspection, LookParams], Any]] = {
    "column": lambda look, asked: details.column(
        look, *asked.where, asked.number("key"), asked.number("layer"), asked.number("head")
    ),
    "map": lambda look, asked: details.map_of(
        look, *asked.where, asked.number("layer"), asked.number("head")
    ),
    "heads": lambda look, asked: details.heads(look, *asked.where),
    "derived": lambda look, asked: details.derived(
        look, *asked.where, asked.text("view"), asked.number_or_none("query"), asked.number("shift", 0)
    ),
    "check": lambda look, asked: details.check(look, asked.number("answer", 0)),
    "packed": lambda look, asked: packed_of(look, asked.number("answer", 0)),
    "steps": lambda look, asked: details.steps(look),
}


def as_numbers(weights: Tensor) -> Response:
    """The same as JSON has, four bytes a number: large rows are written and read at once."""
    shape = ",".join(map(str, weights.shape))
    numbers = weights.float().cpu().contiguous().numpy().astype("<f4", copy=False)
    return Response(numbers.tobytes(), media_type=BINARY_TYPE, headers={"X-Shape": shape})


def as_object(body: str) -> dict[str, Any]:
    """Inputs by name from a field of a form; DataError if it is no JSON object."""
    said = parse_json(body)
    if not isinstance(said, dict):
        raise DataError('the inputs of a form must be an object by name, like {"german": "..."}')
    return said


async def on_jumok_error(request: Request, error: JumokError) -> Response:
    """The response to an error of the user: 404 for an inspection that has expired, else 400."""
    return error_response(
        404 if isinstance(error, ExpiredInspection) else 400, str(error), error.ko or in_korean(str(error))
    )
