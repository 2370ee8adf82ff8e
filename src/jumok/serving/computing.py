"""What a serving process computes: answers to batches, growing texts, and attention."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from jumok.errors import DataError, JumokError
from jumok.kinds.contract import InputField
from jumok.predictor import Predictor, load
from jumok.serving.attention import attention_of, with_attention
from jumok.serving.description import describe_model
from jumok.serving.posted import PostedValues
from jumok.serving.values import value_to_json
from jumok.serving.wire import Frame
from jumok.serving.worker import sentence_for_client
from jumok.values import Prediction

WARM_SIDE = 32  # pixels, frames or time steps
TWINS = 64  # predictors with options of requests that are kept

Send = Callable[[Frame], None]


@dataclass(frozen=True)
class RequestedExample:
    """One input of a request."""

    request: int  # its place in the batch
    values: Mapping[str, Any]


@dataclass
class Outcome:
    """What became of a request: the JSON of its answers, or why there are none."""

    answers: list[bytes] = field(default_factory=list)
    error: str | None = None
    is_fault: bool = False  # the client's

    def fail(self, error: Exception) -> None:
        """The request has no answer, for this reason."""
        self.answers, self.error, self.is_fault = [], sentence_for_client(error), isinstance(error, DataError)
        if not self.is_fault:
            traceback.print_exception(error, file=sys.stderr)


class Computer:
    """A model, and what requests may ask of it."""

    def __init__(self, predictor: Predictor, path: Path, limits: Mapping[str, Any], send: Send) -> None:
        self.predictor, self.limits, self.send = predictor, limits, send
        self.description = describe_model(predictor, path)
        self.twins: dict[str, Predictor] = {}

    @classmethod
    def load(cls, given: Mapping[str, Any], send: Send) -> "Computer":
        """Load the model of a folder.

        Args:
            given: The first frame: path, device, decoding, threads, limits.
            send: Sends frames while something is computed.

        Returns:
            The computer.
        """
        import torch

        torch.set_num_threads(
            given["threads"] or max(1, len(os.sched_getaffinity(0)) - 1)
        )  # one is the server's
        path = Path(given["path"])
        predictor = load(path, given["device"], given["decoding"])
        warm_up(predictor)
        return cls(predictor, path, given["limits"], send)

    def answer(self, frame: Frame) -> Frame:
        """All outcomes of a batch."""
        asked, blobs = frame.header, iter(frame.blobs)
        outcomes = [Outcome() for _ in asked["requests"]]
        with TemporaryDirectory(prefix="jumok-") as folder:
            posted = PostedValues(self.predictor, self.limits["pixels"], self.limits["tokens"], Path(folder))
            examples = []
            for place, request in enumerate(asked["requests"]):
                uploads = {
                    name: [next(blobs) for _ in range(count)] for name, count in request["uploads"].items()
                }
                try:
                    parsed = [posted.parse(value, uploads) for value in request["inputs"]]
                    examples += [RequestedExample(place, values) for values in parsed]
                except Exception as error:
                    outcomes[place].fail(told_without(error, folder))
            if examples:
                self.compute(asked, examples, outcomes, folder)
        results = [
            {"answers": len(one.answers), "error": one.error, "is_fault": one.is_fault} for one in outcomes
        ]
        return Frame({"done": asked["id"], "results": results}, [a for one in outcomes for a in one.answers])

    def compute(
        self,
        asked: Mapping[str, Any],
        examples: Sequence[RequestedExample],
        outcomes: Sequence[Outcome],
        folder: str,
    ) -> None:
        """Compute examples together; where that fails, request by request, so that only those fail that must.

        Args:
            asked: What all requests of the batch ask alike: decoding, score threshold, attention, stream.
            examples: The examples.
            outcomes: The outcome of each request, which is filled in.
            folder: Where files are, which no message names.
        """
        places = list(dict.fromkeys(one.request for one in examples))
        try:
            answers = self.predict(asked, examples)
        except Exception as error:
            if len(places) == 1:
                outcomes[places[0]].fail(told_without(error, folder))
                return
            for place in places:
                self.compute(asked, [one for one in examples if one.request == place], outcomes, folder)
            return
        for example, answer in zip(examples, answers, strict=True):
            outcomes[example.request].answers.append(answer)

    def predict(self, asked: Mapping[str, Any], examples: Sequence[RequestedExample]) -> list[bytes]:
        """The JSON of each answer."""
        predictor, threshold = self.twin(asked), asked["score_threshold"]
        if asked["stream"]:
            predictor = predictor.with_listener(
                lambda number, text: self.send(Frame({"grown": examples[number].request, "text": text}))
            )
        found = predictor.predict([one.values for one in examples])
        answers = [self.to_json(one, threshold) for one in found]
        if asked["attention"] is None:
            return answers
        return [
            with_attention(answer, attention_of(predictor, one.values, asked["attention"], self.limits))
            for answer, one in zip(answers, examples, strict=True)
        ]

    def to_json(self, answer: Prediction, threshold: float | None) -> bytes:
        """An answer as JSON; a single output is not nested below its name."""
        if threshold is not None:
            answer = answer.with_score_threshold(threshold)
        outputs = {
            name: value_to_json(self.predictor.outputs[name], value) for name, value in answer.outputs.items()
        }
        only = next(iter(outputs.values())) if len(outputs) == 1 else {"outputs": outputs}
        return json.dumps(only, ensure_ascii=False, allow_nan=False).encode()

    def twin(self, asked: Mapping[str, Any]) -> Predictor:
        """The predictor with the options of a request; those asked for last are kept."""
        key = json.dumps([asked["decoding"], asked["score_threshold"]], sort_keys=True)
        found = self.twins.pop(key, None)
        if found is None:
            found = self.predictor.with_decoding(asked["decoding"]).with_least_score(asked["score_threshold"])
        self.twins[key] = found
        while len(self.twins) > TWINS:
            del self.twins[next(iter(self.twins))]
        return found


def warm_up(predictor: Predictor) -> None:
    """Answer something made up, so that the first request does not wait for what is loaded on first use."""
    values = {name: made_up_value(field) for name, field in predictor.inputs.items()}
    with suppress(JumokError):
        predictor.predict([values])


def made_up_value(field: InputField) -> Any:
    """A value that an input may read: a short text, or zeros."""
    if field.array is None:
        return "1"
    if field.array.is_pixels:
        return np.zeros([WARM_SIDE if size < 0 else size for size in field.array.shape], np.uint8)
    return np.zeros([WARM_SIDE if size < 0 else size for size in field.array.shape])


def told_without(error: Exception, folder: str) -> Exception:
    """An error of the client's data whose message does not name a folder of ours."""
    return DataError(str(error).replace(f"{folder}/", "")) if isinstance(error, DataError) else error
