"""`/predict`: one input or a batch, as JSON or as a form with files."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from jumok.serving.openapi import body_of, responses
from jumok.serving.refusal import bad_request
from jumok.serving.requests import PredictRequest, form_fields, parse_body, predict_request
from jumok.serving.responses import answers_response
from jumok.serving.service import Service

MAX_FORM_FIELDS = 200  # of a form
INPUTS = "inputs"


def add_predict_routes(app: FastAPI, service: Service) -> None:
    """Add `/predict` for the only model, and `/predict/NAME`."""

    async def predict(request: Request) -> Response:
        """Answer one input, or a batch of them, by the only model."""
        return await answer(request, None)

    async def predict_by(request: Request, model: str) -> Response:
        """Answer one input, or a batch of them, by the model of this name."""
        return await answer(request, model)

    async def answer(request: Request, name: str | None) -> Response:
        model = service.model(name)
        given, uploads = await read_body(
            request, [one["name"] for one in model.description.get("inputs", ())]
        )
        asked = predict_request(given, uploads, service.limits)
        answers = await service.answer(request, model, asked)
        return answers_response(model.name, answers, asked.is_batch)

    for path, ask in (("/predict", predict), ("/predict/{model}", predict_by)):
        app.add_api_route(
            path,
            ask,
            methods=["POST"],
            response_class=Response,
            openapi_extra=body_of(PredictRequest, form=True),
            responses=responses(),
        )


async def read_body(
    request: Request, inputs: Sequence[str]
) -> tuple[dict[str, Any], Mapping[str, Sequence[bytes]]]:
    """What a request says, as an object, and its files by the name of their input.

    Args:
        request: The request.
        inputs: The names of the model's inputs: fields of a form that are called so are inputs, others are options.

    Returns:
        The object and the files.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return parse_body(await request.body()), {}
    async with request.form(
        max_files=MAX_FORM_FIELDS, max_fields=MAX_FORM_FIELDS, max_part_size=form_limit(request)
    ) as form:
        pairs = form.multi_items()
        texts = [(name, value) for name, value in pairs if isinstance(value, str)]
        given = form_fields([(name, value) for name, value in texts if name not in inputs])
        values = {name: value for name, value in texts if name in inputs}
        uploads: dict[str, list[bytes]] = {}
        for name, value in pairs:
            if not isinstance(value, str):
                uploads.setdefault(file_input(name, inputs), []).append(await value.read())
    if values and INPUTS in given:
        raise bad_request("inputs came twice: by their names, and in the field 'inputs'; send them once")
    return given | ({INPUTS: values} if values else {}), uploads


def form_limit(request: Request) -> int:
    """The bytes of one field of a form; the whole body has a limit of its own."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() else 1 << 20


def file_input(name: str, inputs: Sequence[str]) -> str:
    """The input that a file is for: the one that its field is called, or the only one where it is called "file"."""
    return inputs[0] if name == "file" and len(inputs) == 1 and "file" not in inputs else name
