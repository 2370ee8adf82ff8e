"""What clients ask, checked once: options, inputs, uploads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jumok.serving.limits import ServingLimits
from jumok.serving.refusal import Refusal, bad_request

DECODING = ("method", "beam", "length_penalty", "temperature", "top_k", "top_p", "seed", "max_tokens")
Positive = Annotated[int, Field(ge=1)]


class AttentionRequest(BaseModel):
    """Which rows of attention are asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    groups: list[str] | None = Field(
        default=None, description="Names of groups of layers; by default those between sides."
    )
    queries: list[Annotated[int, Field(ge=0)]] | None = Field(
        default=None, description="Numbers of rows; by default all."
    )


class RequestOptions(BaseModel):
    """Options that a request may have beside its inputs; what is not given is as the model has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    method: Literal["beam", "greedy", "sample"] | None = Field(
        default=None, description="How a text is searched for."
    )
    beam: Positive | None = Field(default=None, description="Hypotheses that beam search keeps.")
    n_best: Positive | None = Field(default=None, description="Answers for each input, the best first.")
    length_penalty: float | None = Field(default=None, ge=0)
    temperature: float | None = Field(default=None, gt=0, description="Of sampling.")
    top_k: Positive | None = None
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    max_tokens: Positive | None = Field(default=None, description="The longest answer.")
    score_threshold: float | None = Field(
        default=None, ge=0, le=1, description="Objects below it are left out."
    )
    timeout: float | None = Field(default=None, gt=0, description="Seconds in which the answer is of use.")
    attention: bool | AttentionRequest = Field(
        False, description="Exact attention weights of the best answer."
    )

    def asked(self, stream: bool = False) -> dict[str, Any]:
        """What the process that computes is asked; requests that ask alike may share a batch."""
        given = {name: value for name in DECODING if (value := getattr(self, name)) is not None}
        decoding = given if self.n_best is None else {**given, "best": self.n_best}
        rows = AttentionRequest() if self.attention is True else self.attention
        attention = rows.model_dump() if isinstance(rows, AttentionRequest) else None
        about = {"score_threshold": self.score_threshold, "attention": attention, "stream": stream}
        return {"decoding": decoding, **about}

    def refuse_beyond(self, limits: ServingLimits) -> None:
        """Refusal if an option is above a limit of the server."""
        above = {
            "beam": (self.beam, limits.beam),
            "n_best": (self.n_best, limits.beam),
            "max_tokens": (self.max_tokens, limits.tokens),
            "timeout": (self.timeout, limits.max_timeout),
        }
        for name, (value, most) in above.items():
            if value is not None and value > most:
                raise bad_request(f"{name} is at most {most:g} on this server; got {value:g}")


class PredictRequest(RequestOptions):
    """The body of `/predict`."""

    inputs: Any = Field(default=None, description="One value, or values by the name of their input.")
    batch: list[Any] | None = Field(default=None, description="Several inputs, instead of one.")


@dataclass(frozen=True)
class Asked:
    """One request for a model."""

    options: RequestOptions
    inputs: Sequence[Any]
    is_batch: bool = False
    uploads: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


def parse_body(body: bytes) -> dict[str, Any]:
    """The object of a body; Refusal if it is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request('the body is no JSON; send an object like {"inputs": "..."}') from None
    if not isinstance(given, dict):
        raise bad_request(f'the body must be an object like {{"inputs": "..."}}; got {type(given).__name__}')
    return given


def predict_request(
    given: Mapping[str, Any], uploads: Mapping[str, Sequence[bytes]], limits: ServingLimits
) -> Asked:
    """A request for `/predict`.

    Args:
        given: The object of the body, or the fields of a form.
        uploads: The files of a form, by the name of their input.
        limits: The limits of the server.

    Returns:
        The request.

    Raises:
        Refusal: It is faulty, or above a limit.
    """
    asked = validated(PredictRequest, given)
    asked.refuse_beyond(limits)
    if asked.batch is not None:
        if uploads or asked.inputs is not None:
            raise bad_request("a batch is an alternative to inputs and files; send one of them")
        if not 1 <= len(asked.batch) <= limits.inputs:
            raise bad_request(
                f"a batch has 1 to {limits.inputs} inputs on this server; got {len(asked.batch)}"
            )
        return Asked(asked, asked.batch, is_batch=True)
    if asked.inputs is None and not uploads:
        raise bad_request('the inputs are missing; send {"inputs": ...}, or files in a form')
    return Asked(asked, [asked.inputs], uploads=uploads)


def validated(model: type[Any], given: Mapping[str, Any]) -> Any:
    """Options as a model of pydantic; Refusal with the first that is wrong."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(model.model_fields)
            raise bad_request(f"there is no option {name!r}; known are: {known}") from None
        raise bad_request(f"{name}: {first['msg'][:200]}") from None


def form_fields(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The fields of a form that are no files: JSON where it is some, else text."""
    return {name: json_or_text(value) for name, value in pairs}


def json_or_text(value: str) -> Any:
    """A field of a form as JSON, or as it is."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def timed_out(seconds: float) -> Refusal:
    """The refusal of a request whose time is over."""
    return Refusal(
        HTTPStatus.GATEWAY_TIMEOUT, f"no answer within the {seconds:g} s that this request may take"
    )
