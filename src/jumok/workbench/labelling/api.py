"""The endpoints of the label page: items, marks, images, what others have changed, proposals and training.

What is marked is read and written in threads of its own, images are made in others, so that a list that fills with
thumbnails does not hold up a change.
"""

import asyncio
import errno
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response

from jumok.errors import DataError, JumokError, RunError
from jumok.labelling.contract import ItemMarks, LabelConflict
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.order import ORDERS
from jumok.labelling.trainings.label_trainings import LabelTrainings
from jumok.web.guard import Guard
from jumok.workbench.korean import in_korean
from jumok.workbench.labelling.desk import LETTERS, LabelDesk, UnknownItem
from jumok.workbench.labelling.images import EncodedImage, ShownImages
from jumok.workbench.labelling.models import LabelModel
from jumok.workbench.labelling.signals import MOST_POINTS, HoldsSignals, signal_json
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

MOST_MARKS_BYTES = 64_000_000  # of a request: masks of large images
WRITERS, PAINTERS = 4, 2  # threads
HEADER, OWN = "x-jumok", "label"  # that no form of another page can send
NOT_TRAINED = {
    "en": "only the train split is trained on; open it by --split train",
    "ko": "학습에는 train 데이터만 씁니다. --split train으로 여세요.",
}
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@dataclass(frozen=True)
class LabelRoom:
    """What the page works with."""

    desk: LabelDesk
    model: LabelModel
    trainings: LabelTrainings

    @classmethod
    def open(cls, opened: OpenedLabels, folder: Path, language: str = "en") -> Self:
        """Open annotations, with a folder for trainings beside them.

        Args:
            opened: The annotations.
            folder: The folder of the trainings.
            language: The language of the page, en or ko.

        Returns:
            The room.
        """
        desk = LabelDesk(opened, language)
        model = LabelModel(desk)
        return cls(desk, model, LabelTrainings(opened, folder, lambda run: model.use(run).result()))

    def close(self) -> bool:
        """Let a training save, nothing else is unsaved; whether there was one."""
        self.model.close()
        return self.trainings.close()


def label_application(room: LabelRoom, hosts: Collection[str]) -> Guard:
    """The server of the label page as an ASGI application.

    Args:
        room: What is labelled.
        hosts: The hosts that it answers to, like "127.0.0.1:8766".

    Returns:
        The application.
    """
    page = as_page({**page_files("page", "/page/"), **page_files("label_page")})
    return guarded(page, LabelApi(room).endpoints(), hosts, MOST_MARKS_BYTES, on_label_error)


def changes_state(ask: Endpoint) -> Endpoint:
    """An endpoint that changes something: a request must say in a header that the page itself has made it."""

    @wraps(ask)
    async def checked(request: Request) -> Response:
        if request.headers.get(HEADER) != OWN:
            return error_response(
                403,
                f"what changes something needs the header {HEADER.title()}: {OWN}, as the page sends it",
                f"무언가를 바꾸는 요청에는 화면이 보내는 {HEADER.title()}: {OWN} 헤더가 있어야 합니다.",
            )
        return await ask(request)

    return checked


class LabelApi:
    """The endpoints."""

    def __init__(self, room: LabelRoom) -> None:
        self.desk, self.model, self.trainings = room.desk, room.model, room.trainings
        self.shown = ShownImages()
        self.writers = ThreadPoolExecutor(WRITERS, "marks")
        self.painters = ThreadPoolExecutor(PAINTERS, "images")
        self.thumbs = ThreadPoolExecutor(PAINTERS, "thumbs")
        self.askers = ThreadPoolExecutor(WRITERS, "models")  # that wait for the model

    def endpoints(self) -> list[tuple[str, str, Endpoint]]:
        """Name, method and function of each."""
        return [
            ("session", "GET", self.session),
            ("items", "GET", self.items),
            ("item", "GET", self.item),
            ("item", "PUT", changes_state(self.write)),
            ("class", "POST", changes_state(self.add_class)),
            ("changes", "GET", self.changes),
            ("image", "GET", self.image),
            ("thumb", "GET", self.thumb),
            ("signal", "GET", self.signal),
            ("proposals", "POST", self.proposals),
            ("order", "GET", self.order),
            ("train", "GET", self.training),
            ("train", "POST", changes_state(self.train)),
            ("train/stop", "POST", changes_state(self.stop)),
        ]

    async def session(self, request: Request) -> Response:
        """What is labelled, and what is possible here."""
        return await self.answered(self._session)

    def _session(self) -> dict[str, Any]:
        split = self.desk.opened.split
        why = None if split == "train" else NOT_TRAINED
        can = {"can_train": why is None, "why_not_train": why, "orders": list(ORDERS)}
        return {**self.desk.session(), "model": self.model.told(), **can}

    async def items(self, request: Request) -> Response:
        """All items as columns."""
        return await self.answered(self.desk.listing)

    async def item(self, request: Request) -> Response:
        """The marks of an item with what is shown beside them."""
        key = QueryParams(request).text("key")
        return await self.answered(lambda: self._told(key))

    def _told(self, key: str) -> dict[str, Any]:
        found = self.desk.read(key)
        size, problem = self.desk.size(key)
        problems = [*found.problems, *([problem] if problem else [])]
        return {**marks_json(found), "problems": problems, "size": size, "text": self.desk.texts(key)}

    async def write(self, request: Request) -> Response:
        """Write the marks of an item, unless somebody else has changed it meanwhile."""
        key = QueryParams(request).text("key")
        given = parse_json(await request.body())
        if not isinstance(given, dict) or not isinstance(given.get("marks"), dict):
            raise DataError('the request must be an object like {"version": "...", "marks": {...}}')
        version = given.get("version")
        if not isinstance(version, str):
            raise DataError("version is missing: the one that the change began with")
        self.desk.expect_place(request.query_params.get("place"))
        return await self.answered(lambda: marks_json(self.desk.write(key, version, given["marks"])))

    async def add_class(self, request: Request) -> Response:
        """Add a class."""
        given = parse_json(await request.body())
        if not isinstance(given, dict):
            raise DataError('the request must be an object like {"name": "cat"}')
        return await self.answered(lambda: {"classes": self.desk.add_class(given.get("name"))})

    async def changes(self, request: Request) -> Response:
        """What has changed since a count."""
        since = QueryParams(request).number("since", 0)
        return await self.answered(lambda: self.desk.changes(since))

    async def image(self, request: Request) -> Response:
        """The image of an item as it is shown."""
        return await self._drawn(request, self.painters, self.shown.image)

    async def thumb(self, request: Request) -> Response:
        """A thumbnail of the image of an item."""
        return await self._drawn(request, self.thumbs, self.shown.thumb)

    async def _drawn(
        self, request: Request, threads: ThreadPoolExecutor, make: Callable[[Any], EncodedImage]
    ) -> Response:
        image = self.desk.item(QueryParams(request).text("key")).image
        if image is None:
            raise UnknownItem("this item has no image", "이 항목에는 그림이 없습니다.")
        made = await asyncio.get_running_loop().run_in_executor(threads, make, image)
        return Response(made.data, media_type=made.media_type)

    async def signal(self, request: Request) -> Response:
        """A part of a recording, for drawing."""
        asked, store = QueryParams(request), self.desk.store
        key, points = asked.text("key"), asked.number("points", MOST_POINTS)
        begin, end = asked.number("from", 0), asked.number_or_none("to")
        self.desk.item(key)
        if not isinstance(store, HoldsSignals):
            raise UnknownItem("this item has no signal", "이 항목에는 신호가 없습니다.")
        return await self.answered(lambda: signal_json(store, key, begin, end, points))

    async def proposals(self, request: Request) -> Response:
        """What the model would mark on items."""
        given = parse_json(await request.body())
        keys = given.get("keys") if isinstance(given, dict) else None
        return await self.answered(lambda: self.model.proposals(keys), self.askers)

    async def order(self, request: Request) -> Response:
        """The items in an order of work."""
        by = QueryParams(request).text("by")
        return await self.answered(lambda: self.model.order(by), self.askers)

    async def training(self, request: Request) -> Response:
        """How far the training is."""
        return await self.answered(self.trainings.state)

    async def train(self, request: Request) -> Response:
        """Begin a training with what is labelled now."""
        self.trainings.start()
        return await self.answered(self.trainings.state)

    async def stop(self, request: Request) -> Response:
        """Stop the training."""
        return await self.answered(self._stopped, self.askers)

    def _stopped(self) -> dict[str, Any]:
        self.trainings.stop()
        return self.trainings.state()

    async def answered(self, ask: Callable[[], Any], threads: ThreadPoolExecutor | None = None) -> Response:
        """What a thread has found, as JSON that it has written."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads or self.writers, lambda: as_json(ask()))


def marks_json(found: ItemMarks) -> dict[str, Any]:
    """What is marked on an item, as JSON."""
    return {"version": found.version, "marks": dict(found.marks), "state": LETTERS[found.state]}


async def on_label_error(request: Request, error: JumokError) -> Response:
    """The response to an error: a conflict tells what stands there now; a disk that refuses, that nothing changed."""
    sentence, korean = str(error), error.ko or in_korean(str(error))
    if isinstance(error, LabelConflict):
        told = {"error": {"en": sentence, "ko": korean}, "current": marks_json(error.current)}
        return as_json(told, 409)
    if isinstance(error, RunError) and (request.method == "PUT" or isinstance(error.__cause__, OSError)):
        return disk_response(error)
    return error_response(404 if isinstance(error, UnknownItem) else 400, sentence, korean)


def disk_response(error: RunError) -> Response:
    """The response where the disk refuses: 423 while it is read-only, else 507."""
    cause = error.__cause__
    if not isinstance(cause, OSError):
        return error_response(507, str(error), error.ko or in_korean(str(error)))
    reason = cause.strerror or str(cause)
    if cause.errno in READ_ONLY:
        return error_response(
            423,
            f"the annotations cannot be written here ({reason}); correct the permissions, or copy them to a place of "
            "your own; nothing was changed",
            f"주석 파일에 쓸 수 없습니다({reason}). 권한을 고치거나 쓸 수 있는 곳으로 옮기세요. 바뀐 것은 없습니다.",
        )
    return error_response(
        507,
        f"the disk refuses to write ({reason}); free some space: nothing was changed there, and the mark is kept here",
        f"디스크에 쓸 수 없습니다({reason}). 공간을 비우세요. 파일은 그대로이고 표시는 이 화면에 남아 있습니다.",
    )
