"""`/v2`: the Open Inference Protocol, whose tensors are JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jumok.serving.model import ServedModel
from jumok.serving.openapi import responses
from jumok.serving.refusal import bad_request
from jumok.serving.requests import Asked, RequestOptions, parse_body, validated
from jumok.serving.responses import JSON_TYPE, json_response
from jumok.serving.service import Service

BYTES = "BYTES"
NUMBERS = {
    "BOOL": np.bool_,
    **{f"UINT{bits}": np.dtype(f"u{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"INT{bits}": np.dtype(f"i{bits // 8}") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": np.dtype(f"f{bits // 8}") for bits in (16, 32, 64)},
}
VERSION = "1"


class Tensor(BaseModel):
    """An input of the protocol."""

    model_config = ConfigDict(extra="ignore")
    name: str
    shape: list[Annotated[int, Field(ge=0)]]
    datatype: str
    data: list[Any]


class WantedOutput(BaseModel):
    """An output that is asked for."""

    model_config = ConfigDict(extra="ignore")
    name: str


class InferRequest(BaseModel):
    """The body of `/v2/models/NAME/infer`."""

    model_config = ConfigDict(extra="ignore")
    id: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict, description="Options, as /predict takes them.")
    inputs: list[Tensor]
    outputs: list[WantedOutput] | None = None


def add_protocol_routes(app: FastAPI, service: Service, version: str) -> None:
    """Add health, metadata and inference of the Open Inference Protocol.

    Args:
        app: The application.
        service: The models.
        version: The version of jumok.
    """

    async def server(request: Request) -> Response:
        """The server."""
        return json_response({"name": "jumok", "version": version, "extensions": ["generate"]})

    async def live(request: Request) -> Response:
        """Whether the server runs."""
        return json_response({"live": True})

    async def ready(request: Request) -> Response:
        """Whether all models answer; 503 where they do not."""
        return json_response({"ready": service.is_ready}, 200 if service.is_ready else 503)

    async def model_ready(request: Request, model: str) -> Response:
        """Whether a model answers; 503 where it does not."""
        found = service.model(model)
        return json_response({"name": found.name, "ready": found.is_ready}, 200 if found.is_ready else 503)

    async def model_metadata(request: Request, model: str) -> Response:
        """Inputs and outputs of a model."""
        return json_response(metadata(service.model(model)))

    async def infer(request: Request, model: str) -> Response:
        """Answer a batch of tensors."""
        found = service.model(model)
        given: InferRequest = validated(InferRequest, parse_body(await request.body()))
        options: RequestOptions = validated(RequestOptions, given.parameters)
        options.refuse_beyond(service.limits)
        if options.attention or (options.n_best or 1) > 1:
            raise bad_request("attention and n_best are given by /predict, not by tensors")
        rows = example_rows(given.inputs, service.limits.inputs)
        answers = await service.answer(request, found, Asked(options, rows, is_batch=True))
        return json_response(inferred(found, given, [json.loads(one) for one in answers]))

    body = {
        "requestBody": {
            "required": True,
            "content": {JSON_TYPE: {"schema": InferRequest.model_json_schema()}},
        }
    }
    get: dict[str, Any] = {"methods": ["GET"], "response_class": Response}
    app.add_api_route("/v2", server, **get)
    app.add_api_route("/v2/health/live", live, **get)
    app.add_api_route("/v2/health/ready", ready, **get)
    for path in ("/v2/models/{model}", f"/v2/models/{{model}}/versions/{VERSION}"):
        app.add_api_route(path, model_metadata, **get)
        app.add_api_route(f"{path}/ready", model_ready, **get)
        app.add_api_route(
            f"{path}/infer",
            infer,
            methods=["POST"],
            response_class=Response,
            openapi_extra=body,
            responses=responses(),
        )


def metadata(model: ServedModel) -> dict[str, Any]:
    """Inputs and outputs of a model as the protocol tells them."""
    inputs = [
        {"name": one["name"], **tensor_form(one)}
        | ({"parameters": {"optional": True}} if one["optional"] else {})
        for one in model.description.get("inputs", ())
    ]
    outputs = [
        {
            "name": one["name"],
            "datatype": BYTES,
            "shape": [-1],
            "parameters": {"content_type": content_type(one)},
        }
        for one in model.description.get("outputs", ())
    ]
    return {
        "name": model.name,
        "versions": [VERSION],
        "platform": "jumok",
        "inputs": inputs,
        "outputs": outputs,
    }


def tensor_form(field: Mapping[str, Any]) -> dict[str, Any]:
    """Datatype and shape of an input; files may come as BYTES, too, in base64."""
    if field["array"] is None:
        return {"datatype": BYTES, "shape": [-1]}
    return {"datatype": "UINT8" if field["is_pixels"] else "FP32", "shape": [-1, *field["array"]]}


def content_type(field: Mapping[str, Any]) -> str:
    """What the bytes of an output are."""
    return "text/plain" if field["is_text"] else JSON_TYPE


def example_rows(tensors: Sequence[Tensor], most: int) -> list[dict[str, Any]]:
    """The values of each example by the name of their input; Refusal if tensors do not fit together."""
    columns = {tensor.name: tensor_rows(tensor) for tensor in tensors}
    sizes = {name: len(column) for name, column in columns.items()}
    if len(set(sizes.values())) != 1 or not 1 <= next(iter(sizes.values())) <= most:
        raise bad_request(
            f"all inputs need the same first size, from 1 to {most}; got "
            f"{', '.join(f'{name}: {size}' for name, size in sizes.items()) or 'no input'}"
        )
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def tensor_rows(tensor: Tensor) -> list[Any]:
    """The values of a tensor along its first axis, be its data nested or flat."""
    if tensor.datatype != BYTES and tensor.datatype not in NUMBERS:
        known = ", ".join([BYTES, *NUMBERS])
        raise bad_request(f"{tensor.name}: there is no datatype {tensor.datatype[:20]!r}; known are: {known}")
    try:
        kind: Any = object if tensor.datatype == BYTES else NUMBERS[tensor.datatype]
        array = np.array(tensor.data, dtype=kind).reshape(tensor.shape)
    except (ValueError, TypeError, OverflowError, MemoryError):
        raise bad_request(
            f"{tensor.name}: the data are not {tensor.datatype} of the shape {tensor.shape}"
        ) from None
    if not array.ndim:
        raise bad_request(f"{tensor.name}: the shape needs a first size, that of the batch")
    if tensor.datatype != BYTES:
        return list(array.tolist())
    if array.size != len(array) or not all(isinstance(one, str) for one in array.flat):
        raise bad_request(f"{tensor.name}: BYTES must be texts of the shape [N] or [N, 1]")
    return list(array.ravel())


def inferred(model: ServedModel, asked: InferRequest, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answers as tensors; Refusal if an output is asked for that there is not."""
    fields = {one["name"]: one for one in model.description.get("outputs", ())}
    wanted = list(fields) if asked.outputs is None else [one.name for one in asked.outputs]
    for name in wanted:
        if name not in fields:
            raise bad_request(f"{model.name} has no output {name[:80]!r}; it has {', '.join(fields)}")
    outputs = []
    for name in wanted:
        values = [answer["outputs"][name] if len(fields) > 1 else answer for answer in answers]
        is_text = fields[name]["is_text"]
        data = [one["text"] if is_text else json.dumps(one, ensure_ascii=False) for one in values]
        about = {"content_type": content_type(fields[name])}
        outputs.append(
            {"name": name, "datatype": BYTES, "shape": [len(data)], "parameters": about, "data": data}
        )
    named = {} if asked.id is None else {"id": asked.id}
    return {"model_name": model.name, "model_version": VERSION, **named, "outputs": outputs}
