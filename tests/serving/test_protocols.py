"""The Open Inference Protocol, streamed texts, and the page of the interface."""

import json

import numpy as np
import pytest

from made_predictors import SENTENCE, made, made_predictor, random_image, recurrent, transformer
from served_models import png, run, served


def tensor(name, data, datatype="BYTES", shape=None):
    return {
        "name": name,
        "shape": [len(data)] if shape is None else shape,
        "datatype": datatype,
        "data": data,
    }


def test_health_and_metadata():
    async def test():
        async with served(made("several"), made("dense")) as server:
            get = server.client.get
            assert (await get("/v2/health/live")).json() == {"live": True}
            assert (await get("/v2/health/ready")).json() == {"ready": True}
            assert (await get("/v2")).json()["name"] == "jumok"
            assert (await get("/v2/models/made0/ready")).json() == {"name": "made0", "ready": True}
            told = (await get("/v2/models/made0")).json()
            assert [(one["name"], one["datatype"]) for one in told["inputs"]] == [
                ("one", "BYTES"),
                ("two", "BYTES"),
            ]
            assert told == (await get("/v2/models/made0/versions/1")).json()
            (photo,) = (await get("/v2/models/made1")).json()["inputs"]
            assert (photo["datatype"], photo["shape"]) == ("UINT8", [-1, -1, -1, 3])
            assert (await get("/v2/models/none")).status_code == 404

    run(test)


def test_infer_is_predict():
    async def test():
        async with served(made("several")) as server:
            inputs = [tensor("one", [SENTENCE, "mond"]), tensor("two", ["ein hund", "katzen"], shape=[2, 1])]
            answer = await server.ask("/v2/models/made/infer", json={"id": "7", "inputs": inputs})
            assert answer["id"] == "7" and answer["model_name"] == "made"
            (output,) = answer["outputs"]
            alone = [await server.predict({"one": SENTENCE, "two": "ein hund"})]
            alone.append(await server.predict({"one": "mond", "two": "katzen"}))
            assert output["data"] == [one["text"] for one in alone] and output["shape"] == [2]
            greedy = {"inputs": inputs, "parameters": {"method": "greedy"}, "outputs": [{"name": "said"}]}
            await server.ask("/v2/models/made/infer", json=greedy)

    run(test)


@pytest.mark.parametrize("flat", [True, False])
def test_pixels_are_tensors(flat):
    async def test():
        async with served(made("dense")) as server:
            pixels = np.stack([np.asarray(random_image(40, 30)), np.asarray(random_image(40, 30))[::-1]])
            data = (pixels.ravel() if flat else pixels).tolist()
            given = {"inputs": [tensor("photo", data, "UINT8", list(pixels.shape))]}
            (output,) = (await server.ask("/v2/models/made/infer", json=given))["outputs"]
            by_file = await server.ask("/predict", files={"file": png(random_image(40, 30))})
            found = json.loads(output["data"][0])
            assert output["shape"] == [2] and (found["width"], found["height"]) == (40, 30)
            names = [one["name"] for one in found["objects"]]
            assert names == [one["name"] for one in by_file["answer"]["objects"]]

    run(test)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ([], "no input"),
        ([tensor("text", ["a"], shape=[2])], "not BYTES of the shape [2]"),
        ([tensor("text", ["a", "b"], shape=[1, 2])], "shape [N] or [N, 1]"),
        ([tensor("text", [1, 2])], "must be texts"),
        ([tensor("text", ["a"], "TEXT")], "no datatype 'TEXT'"),
        ([tensor("text", ["a"], "FP32")], "not FP32"),
        ([tensor("text", [1.0], "FP32")], "must be a text"),
        ([tensor("txt", ["a"])], "no input 'txt'"),
        ([tensor("text", ["a"]), tensor("two", ["a", "b"])], "the same first size"),
        ([{"name": "text"}], "inputs.0.shape"),
    ],
)
def test_faulty_tensors_get_a_sentence(inputs, sentence):
    async def test():
        async with served(made("transformer")) as server:
            assert sentence in await server.refused("/v2/models/made/infer", json={"inputs": inputs})

    run(test)


async def events(server, path, **body):
    found = []
    async with server.client.stream("POST", path, json=body) as answer:
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line:
                found.append(json.loads(line.removeprefix("data: ")))
    return found


@pytest.mark.parametrize("decoder", [transformer(2), recurrent("dot")])
@pytest.mark.parametrize("method", ["greedy", "sample"])
def test_streamed_texts_are_whole_texts(decoder, method):
    predictor = made_predictor({"text": {}}, {"decoder": decoder})

    async def test():
        async with served(predictor) as server:
            for text in (SENTENCE, "mond"):
                *parts, last = await events(server, "/generate_stream", inputs=text, method=method)
                whole = await server.predict(text, method=method)
                assert last["done"] and last["text"] == whole["text"]
                assert "".join(part["delta"] for part in parts) == whole["text"] and len(parts) > 1
                generated = await server.ask("/generate", json={"inputs": text, "method": method})
                assert generated == {"model": "made", "text": whole["text"]}

    run(test)


def test_texts_in_the_words_of_the_protocol():
    async def test():
        async with served(made("transformer")) as server:
            given = {"text_input": SENTENCE, "parameters": {"method": "greedy"}}
            whole = await server.ask("/v2/models/made/generate", json=given)
            assert whole["model_version"] == "1"
            parts = await events(server, "/v2/models/made/generate_stream", **given)
            assert "".join(part["text_output"] for part in parts) == whole["text_output"]

    run(test)


def test_what_cannot_be_streamed_gets_a_sentence():
    async def test():
        async with served(made("transformer"), made("dense")) as server:
            ask = {"inputs": SENTENCE}
            beam = {"json": {**ask, "method": "beam"}}
            assert "greedy search or sampling" in await server.refused("/generate_stream/made0", **beam)
            assert "writes no text, but said (boxes)" in await server.refused("/generate/made1", json=ask)
            many = {"json": {"batch": ["a", "b"]}}
            assert "one text is generated at a time" in await server.refused("/generate/made0", **many)

    run(test)


def test_the_interface_is_described():
    async def test():
        async with served(made("transformer")) as server:
            server.service.models["made"].description["examples"] = [{"text": SENTENCE}]
            document = (await server.client.get("/openapi.json")).json()
            content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
            assert content["application/json"]["examples"]["made 1"]["value"] == {
                "inputs": {"text": SENTENCE}
            }
            assert "score_threshold" in content["application/json"]["schema"]["properties"]
            assert {"/v2/models/{model}/infer", "/generate_stream", "/metrics"} <= document["paths"].keys()
            references = json.dumps(document).count("#/components/schemas/AttentionRequest")
            assert references and "AttentionRequest" in document["components"]["schemas"]
            for example in content["application/json"]["examples"].values():
                await server.ask("/predict", json=example["value"])
            page = await server.client.get("/docs")
            assert "https://" not in page.text and page.headers["content-security-policy"]
            assert (await server.client.get("/docs.js")).status_code == 200

    run(test)
