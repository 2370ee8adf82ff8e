"""`/predict`: one input or a batch, as JSON or as a form with files."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from jumok.serving.refusal import bad_request
from jumok.serving.requests import form_fields, parse_json, predict_request
from jumok.serving.responses import answers_response
from jumok.serving.service import Service

FIELDS = 200  # of a form
INPUTS = "inputs"


def add_predict_routes(app: FastAPI, service: Service) -> None:
    """Add `/predict` for the only model, and `/predict/NAME`."""

    async def predict(request: Request) -> Response:
        """Answer one input, or a batch of them."""
        model = service.model(request.path_params.get("model"))
        given, uploads = await read_body(
            request, [one["name"] for one in model.description.get("inputs", ())]
        )
        asked = predict_request(given, uploads, service.limits)
        answers = await service.answer(request, model, asked)
        return answers_response(model.name, answers, asked.is_batch)

    app.add_route("/predict", predict, methods=["POST"])
    app.add_route("/predict/{model}", predict, methods=["POST"])


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
        return parse_json(await request.body()), {}
    async with request.form(
        max_files=FIELDS, max_fields=FIELDS, max_part_size=request_limit(request)
    ) as form:
        pairs = form.multi_items()
        texts = form_fields(
            [(name, value) for name, value in pairs if isinstance(value, str) and name not in inputs]
        )
        values = {name: value for name, value in pairs if isinstance(value, str) and name in inputs}
        uploads: dict[str, list[bytes]] = {}
        for name, value in pairs:
            if not isinstance(value, str):
                uploads.setdefault(file_input(name, inputs), []).append(await value.read())
    if values:
        if INPUTS in texts:
            raise bad_request("inputs came twice: by their names, and in the field 'inputs'; send them once")
        texts[INPUTS] = values
    return texts, uploads


def request_limit(request: Request) -> int:
    """The bytes of one field of a form; all fields together have a limit of their own."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdigit() else 1 << 20


def file_input(name: str, inputs: Sequence[str]) -> str:
    """The input that a file is for: the one that its field is called, or the only one where it is called "file"."""
    return inputs[0] if name == "file" and len(inputs) == 1 and "file" not in inputs else name
