"""Several threads ask one predictor: each gets the answer that it would get alone, whoever looks inside meanwhile."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
import torch

import jumok
from jumok.inspection.inspect import inspect_input
from jumok.predictor import Predictor
from made_predictors import MODELS, made, random_image

THREADS = 4
ROUNDS = 3
WORDS = ("ein hund", "zwei katzen sehen den mond", "und", "", "über der stadt und der mond", "stadt")
SIZES = ((150, 100), (64, 96), (100, 100))


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    """Threads change places every few microseconds, so that they meet each other's traces."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def inputs_of(predictor: Predictor) -> list[dict[str, Any]]:
    """Inputs of different lengths and sizes, some of them empty."""
    if any(kind.reads_files for kind in predictor.inputs.values()):
        return [{"photo": random_image(*size)} for size in SIZES]
    names = list(predictor.inputs)
    return [{name: WORDS[(i + j) % len(WORDS)] for j, name in enumerate(names)} for i in range(len(WORDS))]


def answers(predictor: Predictor, inputs: list[dict[str, Any]]) -> str:
    found = [predictor.predict([one])[0].outputs for one in inputs]
    return json.dumps([{name: value.to_json() for name, value in one.items()} for one in found])


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """What jobs give that begin together, each in a thread."""
    ready = Barrier(len(jobs))

    def begun(job: Callable[[], Any]) -> Any:
        torch.set_num_threads(1)
        ready.wait()
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [found.result() for found in [pool.submit(begun, job) for job in jobs]]


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("windows", "vit")])
def test_many_threads_get_the_answers_of_one(name):
    predictor = made(name)
    inputs = inputs_of(predictor)
    alone = answers(predictor, inputs)
    backwards = answers(predictor, inputs[::-1])
    jobs = [lambda: answers(predictor, inputs), lambda: answers(predictor, inputs[::-1])]
    for _ in range(ROUNDS):
        assert at_once(*jobs * (THREADS // 2)) == [alone, backwards] * (THREADS // 2)


def test_texts_and_images_at_once():
    predictors = [made(name) for name in ("transformer", "additive", "caption", "dense")]
    given = [inputs_of(predictor) for predictor in predictors]
    alone = [answers(*of) for of in zip(predictors, given, strict=True)]
    jobs = [lambda p=p, g=g: answers(p, g) for p, g in zip(predictors, given, strict=True)]
    for _ in range(ROUNDS):
        assert at_once(*jobs) == alone


@pytest.mark.parametrize("name", ["transformer", "additive", "several", "queries"])
def test_who_looks_does_not_disturb_who_predicts(name):
    predictor = made(name)
    inputs = inputs_of(predictor)
    alone, seen = answers(predictor, inputs), inspect_input(predictor, inputs[0])
    looked, done = seen.to_json(), Event()

    def predicting() -> set[str]:
        found = {answers(predictor, inputs) for _ in range(4)}
        done.set()
        return found

    def looking() -> bool:
        same = True
        while not done.is_set():
            same = same and inspect_input(predictor, inputs[0]).to_json() == looked
        return same

    def recording() -> set[int]:
        counts = set()
        while not done.is_set():
            with jumok.record(predictor.model) as maps:
                predictor.predict(inputs[:1])
            counts.add(sum(len(maps.all(name)) for name in maps))
        return counts

    found, same, counts = at_once(predicting, looking, recording)
    assert found == {alone} and same and len(counts) == 1


def test_a_look_finds_its_own_windows():
    predictor = made("windows")
    wide, high = {"photo": random_image(150, 100)}, {"photo": random_image(64, 96)}
    looked, done = inspect_input(predictor, wide).to_json(), Event()

    def predicting() -> str:
        while not done.is_set():
            found = answers(predictor, [high])
        return found

    def looking() -> bool:
        same = all(inspect_input(predictor, wide).to_json() == looked for _ in range(3))
        done.set()
        return same

    assert at_once(predicting, looking) == [answers(predictor, [high]), True]
