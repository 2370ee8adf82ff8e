"""`/predict`: the answers of the predictor, alone and in batches; faulty requests get a sentence."""

import asyncio
import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from made_predictors import SENTENCE, made, random_image
from served_models import LIMITS, png, run, served

TEXTS = [SENTENCE, "ein hund", "und zwei katzen sehen", "mond", "der stadt über den mond und hund"]


def close(one, other):
    """Equal but for the rounding of sums in another order."""
    if isinstance(one, float):
        return one == pytest.approx(other, rel=1e-3, abs=1e-3)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(close(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    return one == other


def test_a_text_is_answered_as_by_the_predictor():
    predictor = made("transformer")
    (expected,) = predictor.predict([SENTENCE])

    async def test():
        async with served(predictor) as server:
            assert close(await server.predict(SENTENCE), expected["said"].to_json())
            assert close(await server.predict({"text": SENTENCE}), expected["said"].to_json())

    run(test)


@pytest.mark.parametrize("name", ["transformer", "additive", "caption", "queries", "dense", "mask"])
def test_batched_equals_single(name):
    """Requests that come together are computed together, and answered as if each had come alone."""
    predictor = made(name)
    (field,) = predictor.inputs.values()
    images = [base64.b64encode(png(random_image(90 + 20 * i, 70))).decode() for i in range(4)]
    inputs = images if field.reads_files else TEXTS

    async def test():
        async with served(predictor) as server:
            alone = [await server.predict(one) for one in inputs]
            server.worker().gate, server.worker().sizes = asyncio.Event(), []
            first = asyncio.create_task(server.predict(inputs[0]))  # the others wait for it
            await asyncio.sleep(0.05)
            together = [asyncio.create_task(server.predict(one)) for one in inputs]
            await asyncio.sleep(0.1)
            server.worker().gate.set()
            assert all(map(close, await asyncio.gather(*together), alone))
            await first
            assert server.worker().sizes == [1, len(inputs)]
            batch = await server.ask("/predict", json={"batch": inputs})
            assert all(map(close, batch["answers"], alone))

    run(test)


def test_options_by_request():
    predictor = made("transformer")

    async def test():
        async with served(predictor) as server:
            best = await server.predict(SENTENCE, n_best=3)
            assert len(best["n_best"]) == 3
            greedy = await server.predict(SENTENCE, method="greedy")
            single = predictor.with_decoding({"method": "greedy"}).predict([SENTENCE])[0]["said"]
            assert close(greedy, single.to_json())
            short = await server.predict(SENTENCE, max_tokens=1)
            assert len(short["text"].split()) <= 1
            draws = [await server.predict(SENTENCE, method="sample", seed=seed) for seed in (1, 2, 1, 3, 4)]
            assert draws[0] == draws[2] and len({draw["text"] for draw in draws}) > 1

    run(test)


def test_several_inputs_come_by_name():
    async def test():
        async with served(made("several")) as server:
            assert (await server.predict({"one": SENTENCE, "two": "ein hund"}))["text"]
            assert "by name" in await server.refused("/predict", json={"inputs": SENTENCE})
            assert "no 'two'" in await server.refused("/predict", json={"inputs": {"one": SENTENCE}})

    run(test)


def test_boxes_are_in_pixels_of_the_image_as_it_is_shown():
    """EXIF turns it: width and height are those that a person sees."""
    exif = Image.Exif()
    exif[0x0112] = 6  # stored on its side
    predictor = made("dense")
    turned, upright = (
        png(random_image(150, 100), exif=exif),
        png(random_image(150, 100).rotate(-90, expand=True)),
    )

    async def test():
        async with served(predictor) as server:
            found = []
            for data in (turned, upright):
                answer = await server.ask("/predict", files={"photo": ("a.png", data, "image/png")})
                found.append(answer["answer"])
            assert (found[0]["width"], found[0]["height"]) == (100, 150)
            assert close(*found)
            by_json = await server.predict({"photo": {"b64": base64.b64encode(turned).decode()}})
            assert close(by_json, found[0])
            least = await server.ask("/predict", data={"score_threshold": "0.9"}, files={"file": turned})
            assert all(one["score"] >= 0.9 for one in least["answer"]["objects"])

    run(test)


def test_a_mask_is_an_image_of_its_own():
    async def test():
        async with served(made("mask")) as server:
            answer = await server.ask("/predict", files={"file": png(random_image(61, 43))})
            mask = Image.open(io.BytesIO(base64.b64decode(answer["answer"]["png"])))
            assert mask.size == (61, 43) and set(np.unique(np.asarray(mask))) <= {0, 1}

    run(test)


def test_attention_is_exact():
    from jumok.inspection.inspect import inspect_input

    predictor = made("transformer")
    look = inspect_input(predictor, SENTENCE)
    (cross,) = (use for use in look.uses.values() if use.use == "cross")

    async def test():
        async with served(predictor) as server:
            answer = await server.predict(SENTENCE, attention={"queries": [1]})
            (group,) = answer["attention"]
            assert group["id"] == cross.id and [row["query"] for row in group["rows"]] == [1]
            weights = np.array(group["rows"][0]["weights"])
            assert weights == pytest.approx(look.row(cross.id, 0, 1).numpy(), abs=1e-6)
            assert weights.sum(-1) == pytest.approx(1.0, abs=1e-5)
            everything = await server.predict(SENTENCE, attention=True)
            assert len(everything["attention"][0]["rows"]) == cross.sides[0]
            wrong = {"inputs": SENTENCE, "attention": {"groups": ["none"]}}
            assert "no attention 'none'" in await server.refused("/predict", json=wrong)
            wrong = {"inputs": SENTENCE, "attention": {"queries": [99]}}
            assert "no query 99" in await server.refused("/predict", json=wrong)

    run(test)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("x", "the body is no JSON"),
        ("[" * 100_000, "the body is no JSON"),
        ("[]", "must be an object"),
        ("{}", "the inputs are missing"),
        ('{"inputs": 5}', "must be a text; got 5"),
        ('{"inputs": ["a"]}', "must be a text"),
        ('{"inputs": {"txt": "a"}}', "no input 'txt'"),
        ('{"inputs": "\\ud800"}', "surrogate"),
        ('{"input": "a"}', "no option 'input'"),
        ('{"inputs": "a", "beam": 0}', "beam: "),
        ('{"inputs": "a", "beam": 1000}', "beam is at most 16"),
        ('{"inputs": "a", "method": "guess"}', "method: "),
        ('{"inputs": "a", "timeout": 1e9}', "timeout is at most 300"),
        ('{"inputs": "a", "batch": []}', "send one of them"),
        ('{"batch": []}', "1 to 64 inputs"),
        (json.dumps({"batch": ["a"] * 65}), "1 to 64 inputs"),
        (json.dumps({"inputs": "hund " * 4000}), "at most 2,000 are read here"),
    ],
)
def test_a_faulty_request_gets_a_sentence(body, sentence):
    async def test():
        async with served(made("transformer")) as server:
            said = await server.refused(
                "/predict", content=body, headers={"content-type": "application/json"}
            )
            assert sentence in said and "\n" not in said
            assert (await server.predict(SENTENCE))["text"]

    run(test)


def test_only_the_faulty_request_of_a_batch_fails():
    async def test():
        async with served(made("transformer")) as server:
            server.worker().gate = asyncio.Event()
            asked = [server.client.post("/predict", json={"inputs": one}) for one in (SENTENCE, 5, "mond")]
            tasks = [asyncio.create_task(one) for one in asked]
            await asyncio.sleep(0.1)
            server.worker().gate.set()
            assert [answer.status_code for answer in await asyncio.gather(*tasks)] == [200, 400, 200]

    run(test)


@pytest.mark.parametrize("name", ["queries", "transformer"])
def test_no_path_is_read(name, tmp_path):
    """A string that names a file is the text, or no base64; in a form it is neither a file."""
    file = tmp_path / "secret.png"
    random_image().save(file)
    predictor = made(name)

    async def test():
        async with served(predictor) as server:
            for value in (str(file), f"file://{file}", {"b64": str(file)}):
                answer = await server.client.post("/predict", json={"inputs": value})
                if name == "queries":
                    assert answer.status_code == 400 and "secret" not in answer.text
                    form = await server.client.post("/predict", data={"photo": str(file)}, files={"x": b""})
                    assert form.status_code == 400
                elif isinstance(value, str):  # the text itself
                    assert answer.status_code == 200
            if name == "queries":
                named = {"file": ("../../etc/passwd", png(random_image()), "image/png")}
                assert "objects" in (await server.ask("/predict", files=named))["answer"]

    run(test)


def test_too_many_pixels_and_bytes():
    limits = replace(LIMITS, pixels=10_000, body_bytes=200_000)

    async def test():
        async with served(made("dense"), limits=limits) as server:
            bomb = png(Image.new("1", (4000, 4000)))
            assert "at most 0.01 million" in await server.refused("/predict", files={"file": bomb})
            large = {"inputs": "a" * 300_000}
            assert "too large" in await server.refused("/predict", 413, json=large)

            async def endless():
                for _ in range(10):
                    yield b"a" * 100_000

            kind = {"content-type": "application/json"}
            assert "too large" in await server.refused("/predict", 413, content=endless(), headers=kind)
            assert "is GIF" not in await server.refused("/predict", files={"file": b"GIF8 broken"})

    run(test)


def test_other_pages_hosts_and_bodies_are_refused():
    async def test():
        async with served(made("transformer")) as server:
            ask = {"json": {"inputs": "a"}}
            assert "own address" in await server.refused(
                "/predict", 403, **ask, headers={"host": "evil.example"}
            )
            assert "origin" in await server.refused(
                "/predict", 403, **ask, headers={"origin": "http://evil.example"}
            )
            plain = {"content-type": "text/plain"}
            assert "a body must be" in await server.refused("/predict", 415, content=b"{}", headers=plain)
            assert "no model 'mad'" in await server.refused("/predict/mad", 404, **ask)
            assert "nothing at this" in await server.refused("/nothing", 404, **ask)

    run(test)


def test_a_token_is_needed_where_there_is_one():
    async def test():
        async with served(made("transformer"), token="secret") as server:
            ask = {"json": {"inputs": "a"}}
            assert "needs its token" in await server.refused("/predict", 401, **ask)
            wrong = {"authorization": "Bearer guess"}
            assert "needs its token" in await server.refused("/predict", 401, **ask, headers=wrong)
            await server.ask("/predict", **ask, headers={"authorization": "Bearer secret"})
            assert (await server.client.get("/v2/health/live")).status_code != 401

    run(test)


def test_several_models_are_asked_by_name():
    async def test():
        async with served(made("transformer"), made("dense")) as server:
            assert "made0, made1" in await server.refused("/predict", json={"inputs": "a"})
            assert (await server.ask("/predict/made0", json={"inputs": SENTENCE}))["model"] == "made0"
            assert (
                "objects"
                in (await server.ask("/predict/made1", files={"file": png(random_image())}))["answer"]
            )

    run(test)


def test_logs_say_nothing_of_contents():
    lines: list[str] = []

    async def test():
        async with served(made("transformer"), lines=lines) as server:
            await server.predict("katzen geheimnis")
            await server.client.post("/geheimnis/x?geheimnis", json={"geheimnis": 1})
            await server.client.post("/predict/geheimnis", json={"geheimnis": 1})

    run(test)
    events = [json.loads(line) for line in "".join(lines).splitlines()]
    assert [one["status"] for one in events if one["event"] == "request"] == [200, 404, 404]
    assert "geheimnis" not in "".join(lines)
