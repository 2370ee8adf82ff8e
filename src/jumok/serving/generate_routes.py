"""`/generate` and `/generate_stream`: texts, whole or token by token as server-sent events."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from jumok.serving.model import ServedModel
from jumok.serving.openapi import body_of, responses
from jumok.serving.queue import AnswerBytes
from jumok.serving.refusal import Refusal, bad_request, to_error
from jumok.serving.requests import Asked, PredictRequest, parse_body, predict_request
from jumok.serving.responses import json_response
from jumok.serving.service import ClientGone, Service

EVENTS = "text/event-stream"


def add_generate_routes(app: FastAPI, service: Service) -> None:
    """Add the routes of texts, for the only model and by name, and those of the generate extension of `/v2`."""

    async def generate(request: Request) -> Response:
        """The text of an answer of the only model."""
        return await whole(request, None)

    async def generate_by(request: Request, model: str) -> Response:
        """The text of an answer of the model of this name."""
        return await whole(request, model)

    async def generate_stream(request: Request) -> Response:
        """The text of an answer as it grows, by the only model: events {"delta"}, then {"done", "text", "answer"}."""
        return await stream(request, None)

    async def generate_stream_by(request: Request, model: str) -> Response:
        """The text of an answer as it grows, by the model of this name."""
        return await stream(request, model)

    async def whole(request: Request, name: str | None) -> Response:
        model, asked = await read_text_request(service, request, name)
        answer = json.loads((await service.answer(request, model, asked))[0])
        return json_response(whole_text(request, model, answer_text(answer)))

    async def stream(request: Request, name: str | None) -> Response:
        model, asked = await read_text_request(service, request, name, stream=True)
        return await streamed(service, request, model, asked)

    routes: dict[str, Callable[..., Awaitable[Response]]] = {
        "/generate": generate,
        "/generate/{model}": generate_by,
        "/generate_stream": generate_stream,
        "/generate_stream/{model}": generate_stream_by,
        "/v2/models/{model}/generate": generate_by,
        "/v2/models/{model}/generate_stream": generate_stream_by,
    }
    for path, ask in routes.items():
        app.add_api_route(
            path,
            ask,
            methods=["POST"],
            response_class=Response,
            openapi_extra=body_of(PredictRequest),
            responses=responses(),
        )


async def read_text_request(
    service: Service, request: Request, name: str | None, stream: bool = False
) -> tuple[ServedModel, Asked]:
    """The model and the request for one text; Refusal if the model writes none, or the request is faulty."""
    model = service.model(name)
    outputs = model.description.get("outputs", ())
    if not any(one["is_text"] for one in outputs):
        kinds = ", ".join(f"{one['name']} ({one['kind']})" for one in outputs)
        raise bad_request(f"{model.name} writes no text, but {kinds}; ask /predict")
    given = flattened(parse_body(await request.body()))
    if stream and "method" not in given and model.description["decoding"]["method"] == "beam":
        given["method"] = "greedy"  # tokens of a beam are settled at its end only
    asked = predict_request(given, {}, service.limits)
    if asked.is_batch or (asked.options.n_best or 1) > 1 or asked.options.attention:
        raise bad_request("one text is generated at a time; ask /predict for batches, n_best and attention")
    return model, asked


def flattened(given: dict[str, Any]) -> dict[str, Any]:
    """A request as `/predict` takes it: `text_input` and `parameters` are what the protocol of `/v2` calls them."""
    more = given.pop("parameters", None) or {}
    if not isinstance(more, Mapping):
        raise bad_request("parameters must be an object of options")
    given |= {name: value for name, value in more.items() if name not in given}
    if "text_input" in given:
        given["inputs"] = given.pop("text_input")
    return given


def is_v2(request: Request) -> bool:
    """Whether a request is in the words of the Open Inference Protocol."""
    return request.url.path.startswith("/v2/")


def whole_text(request: Request, model: ServedModel, text: str) -> dict[str, Any]:
    """A text as JSON."""
    if is_v2(request):
        return {"model_name": model.name, "model_version": "1", "text_output": text}
    return {"model": model.name, "text": text}


def answer_text(answer: Mapping[str, Any]) -> str:
    """The text of an answer, that of the first text where there are several outputs."""
    parts = answer["outputs"].values() if "outputs" in answer else [answer]
    return next(str(part["text"]) for part in parts if "n_best" in part)


async def streamed(service: Service, request: Request, model: ServedModel, asked: Asked) -> Response:
    """The response of events; Refusal where nothing was said before the request is refused."""
    grown: asyncio.Queue[str | None] = asyncio.Queue()
    computing = asyncio.create_task(service.answer(request, model, asked, grown.put_nowait))
    computing.add_done_callback(lambda task: grown.put_nowait(None))
    try:
        first = await grown.get()
    except asyncio.CancelledError:
        computing.cancel()
        raise
    if first is None:
        computing.result()  # raises why it is refused, where it is
    events = texts(request, model, first, grown, computing)
    return StreamingResponse(events, media_type=EVENTS)


async def texts(
    request: Request,
    model: ServedModel,
    first: str | None,
    grown: "asyncio.Queue[str | None]",
    computing: "asyncio.Task[AnswerBytes]",
) -> AsyncIterator[bytes]:
    """The events of a growing text: what is settled of it, then the whole.

    Args:
        request: The request.
        model: The model.
        first: The text after the first token.
        grown: The texts after it, and None at the end.
        computing: Gives the answer.

    Returns:
        The events.
    """
    said, before = "", ""
    try:
        text = first
        while text is not None:
            settled = os.path.commonprefix([before, text])
            if settled.startswith(said) and len(settled) > len(said):
                yield event(part_of_text(request, model, settled[len(said) :]))
                said = settled
            before, text = text, await grown.get()
        answer = json.loads(computing.result()[0])
        whole = answer_text(answer)
        if whole.startswith(said) and len(whole) > len(said):
            yield event(part_of_text(request, model, whole[len(said) :]))
        if not is_v2(request):
            yield event({"done": True, "text": whole, "answer": answer})
    except (Refusal, ClientGone) as error:
        yield event(to_error(str(error) or "the client has gone"))
    finally:
        computing.cancel()


def part_of_text(request: Request, model: ServedModel, delta: str) -> dict[str, Any]:
    """A part of a text as JSON."""
    if is_v2(request):
        return {"model_name": model.name, "model_version": "1", "text_output": delta}
    return {"delta": delta}


def event(document: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: %b\n\n" % json.dumps(document, ensure_ascii=False).encode()
