"""A look at every sort of model: its document, weights as they are, and what matters."""

import json
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from jumok import record
from jumok.data.text.specials import BOS
from jumok.errors import DataError
from jumok.inspection.ablation import ablate
from jumok.inspection.inspect import Inspection, inspect_input
from jumok.workbench import details
from made_predictors import MODELS, SENTENCE, input_of, made, made_predictor, random_image, transformer


@cache
def looked(name: str) -> Inspection:
    predictor = made(name)
    return inspect_input(predictor, input_of(predictor), name)


USES = {
    "transformer": ["text.encoder", "said.decoder", "said.cross"],
    "additive": ["said.cross"],
    "dot": ["said.cross"],
    "bottleneck": [],
    "half": ["text.encoder"],
    "several": ["one.encoder", "said.decoder", "said.cross.one", "said.cross.two"],
    "caption": ["said.decoder", "said.cross"],
    "queries": ["said.decoder", "said.cross"],
    "layers": ["photo.encoder", "said.decoder", "said.cross"],
    "dense": [],
    "mask": [],
    "windows": ["photo.windows.12x16", "photo.windows.6x8"],
    "vit": ["photo.backbone.3x4", "said.decoder", "said.cross"],
}
each_model = pytest.mark.parametrize("name", MODELS)
SEEING = [(name, use) for name, uses in USES.items() for use in uses]
each_use = pytest.mark.parametrize(("name", "use"), SEEING)


def size_of(axis) -> int:
    if axis["kind"] == "cells":
        return len(axis["extra"]) + axis["rows"] * axis["columns"]
    return len(axis["labels"]) if axis["kind"] == "tokens" else axis["count"]


@each_model
def test_every_attention_of_a_model_is_in_its_document(name):
    document = looked(name).to_json()
    assert [one["id"] for one in document["attentions"]] == USES[name]
    assert document["model"]["name"] == name and "parameters" in document["model"]["summary"]
    json.dumps(document, allow_nan=False)
    for one in document["attentions"]:
        T, S = looked(name).layers(one["id"], 0)[0].shape[2:]
        assert (size_of(one["queries"]), size_of(one["keys"])) == (T, S)


@pytest.mark.parametrize(
    ("name", "reason"), [("bottleneck", "bottleneck"), ("dense", "convolutional"), ("mask", "convolutional")]
)
def test_where_there_is_nothing_to_see_it_is_said_why(name, reason):
    nothing = looked(name).to_json()["nothing"]
    assert nothing["reason"] == reason and nothing["text"].keys() == {"en", "ko"}
    with pytest.raises(DataError, match="no attention to check"):
        looked(name).check(0)


def test_an_encoder_can_be_seen_though_its_decoder_looks_at_nothing():
    document = looked("half").to_json()
    assert document["nothing"] is None and document["note"]["reason"] == "bottleneck"
    assert looked("transformer").to_json()["note"] is None


@each_use
def test_rows_columns_and_maps_are_those_of_the_layers(name, use):
    look, answer = looked(name), 0
    rows = torch.tensor(details.row(look, use, answer, 1)["weights"])
    for number, layer in enumerate(look.layers(use, answer)):
        whole = layer[0]
        assert_close(rows[number], whole[:, 1])
        assert_close(
            torch.tensor(details.column(look, use, 0, 2, number, 1 % len(whole))["weights"]),
            whole[1 % len(whole), :, 2],
        )
        found = details.map_of(look, use, 0, number, 0)
        step = -(-max(whole.shape[1:]) // 160)
        shown = F.max_pool2d(whole[:1], step, ceil_mode=True)[0] if step > 1 else whole[0]
        assert_close(torch.tensor(found["weights"]).view(found["rows"], found["columns"]), shown)
        assert found["pooled"] == (step > 1)
    assert details.check(look, 0)["holds"]


@each_use
def test_a_row_sums_to_one_unless_it_is_of_a_part(name, use):
    total = looked(name).row(use, 0, 1).sum(-1)
    if "windows" in use or name == "several":
        assert (total <= 1 + 1e-6).all()
    else:
        assert_close(total, torch.ones_like(total))


def test_the_keys_of_several_inputs_are_those_of_the_memory():
    look = looked("several")
    parts = [look.row(use, 0, 0) for use in ("said.cross.one", "said.cross.two")]
    assert [part.shape[-1] for part in parts] == [6, 3]
    assert_close(torch.cat(parts, -1).sum(-1), torch.ones(1, 2))


@pytest.mark.parametrize("name", ["transformer", "additive", "dot", "caption"])
def test_an_answer_looks_as_it_did_when_it_was_searched_for(name):
    """Step by step through the cache, as a search goes, weights are what they are all at once."""
    predictor, look = made(name), looked(name)
    memory, decoder = look.memories.joined, predictor.model.decoders["said"]
    tokens = look.outputs[0].replay.tokens[0]
    with torch.no_grad(), record(predictor.model) as maps:
        state = decoder.start(memory)
        for token in (BOS, *tokens[:-1]):
            _, state = decoder.step(torch.tensor([token]), state)
    for layer in look.layers("said.cross", 0):
        stepped = torch.cat([call[0] for call in maps.all(layer.name)], 1)  # (H, T, S)
        assert_close(layer[0], stepped, atol=1e-5, rtol=1e-4)


def test_answers_are_those_of_the_search_and_their_tokens_are_scored():
    predictor = made("transformer")
    answers = looked("transformer").to_json()["outputs"][0]["answers"]
    assert len(answers) == 3 and answers[0]["text"] == predictor.predict([SENTENCE])[0].text
    for answer in answers:
        assert len(answer["tokens"]) == len(answer["log_probabilities"])
        assert np.mean(answer["log_probabilities"]) == pytest.approx(answer["score"], abs=1e-5)


def test_each_answer_has_weights_of_its_own_but_the_encoder_is_shared():
    look = looked("transformer")
    lengths = [len(answer["tokens"]) for answer in look.to_json()["outputs"][0]["answers"]]
    assert [look.layers("said.cross", n)[0].shape[2] for n in range(3)] == lengths
    assert look.layers("text.encoder", 0) is look.layers("text.encoder", 2)
    with pytest.raises(DataError, match="no answer 3"):
        look.row("said.cross", 3, 0)


def test_a_decoder_has_read_the_begin_mark_and_all_but_the_last_token():
    document = looked("transformer").to_json()
    (own,) = (one for one in document["attentions"] if one["use"] == "decoder")
    tokens = document["outputs"][0]["answers"][0]["tokens"]
    assert own["causal"] and own["queries"]["labels"] == tokens
    assert own["keys"]["labels"] == ["<s>", *tokens[:-1]]


def test_tokens_say_where_they_stand_in_the_text():
    (read,) = looked("transformer").to_json()["inputs"]
    assert [read["text"][a:b] for a, b in read["pieces"]] == [*SENTENCE.split(), ""]
    predictor = made_predictor({"text": {"backwards": True}}, {"decoder": transformer(1)})
    (read,) = inspect_input(predictor, SENTENCE).to_json()["inputs"]
    assert read["tokens"][:2] == ["▁mond", "▁den"]
    assert [read["text"][a:b] for a, b in read["pieces"]] == [*SENTENCE.split()[::-1], ""]


@pytest.mark.parametrize(
    ("name", "use", "cell"),
    [
        ("caption", "said.cross", 8),
        ("layers", "photo.encoder", 8),
        ("windows", "photo.windows.12x16", 4),
        ("vit", "photo.backbone.3x4", 16),
    ],
)
def test_cells_are_in_pixels_of_the_image_as_it_came(name, use, cell):
    """An image of 150 × 100 is looked at as 64 × 43."""
    (one,) = (one for one in looked(name).to_json()["attentions"] if one["id"] == use)
    assert one["keys"]["cell"] == pytest.approx([cell * 100 / 43, cell * 150 / 64])
    assert one["keys"]["rows"] * cell >= 43 and one["keys"]["columns"] * cell == 64
    assert one["keys"]["extra"] == (["[CLS]"] if name == "vit" else [])


def test_objects_name_the_query_that_found_them():
    look = looked("queries")
    objects = look.to_json()["outputs"][0]["objects"]
    assert {one["query"] for one in objects} <= set(range(7))
    decoder = look.predictor.model.decoders["said"]
    with torch.no_grad():
        found = decoder(look.memories.joined)
    for one in objects[:3]:
        scores = decoder.scores(found)[0, one["query"]]
        assert float(scores[["red", "blue"].index(one["name"])]) == pytest.approx(one["score"])


def test_a_mask_is_shown_in_the_colours_of_its_classes():
    look = looked("mask")
    said = look.to_json()["outputs"][0]
    assert said["grid"] == [100, 150] and said["mask"].startswith("data:image/png;base64,")
    shown = look.outputs[0].replay.shown.numpy()
    assert (shown == look.predictor.predict([random_image()])[0]["said"].classes).all()


@each_use
def test_numbers_of_heads_and_views_are_there(name, use):
    look = looked(name)
    heads = details.heads(look, use, 0)["heads"]
    layers = look.layers(use, 0)
    assert [(one["layer"], one["head"]) for one in heads] == [
        (number, head) for number, layer in enumerate(layers) for head in range(layer.shape[1])
    ]
    json.dumps(heads, allow_nan=False)
    mean = details.derived(look, use, 0, "mean", 1)
    assert_close(torch.tensor(mean["weights"]), look.row(use, 0, 1).flatten(0, 1).mean(0))
    if use.startswith("said.cross") or "windows" in use:
        with pytest.raises(DataError, match="rollout"):
            details.derived(look, use, 0, "rollout", 1)
    else:
        assert sum(details.derived(look, use, 0, "rollout", 1)["weights"]) == pytest.approx(1)


def test_windows_spread_like_one_large_map():
    layer = looked("windows").layers("photo.windows.12x16", 0)[1]
    whole = layer[0, 2]
    for query in (0, 37, 175):
        window, place = layer.windows.place(*divmod(query, 16))
        cells = layer.windows.cells[window]
        row = torch.zeros(len(whole))
        row[cells[cells >= 0]] = layer.call[window, 2, place][cells >= 0]
        assert_close(whole[query], row)
        assert_close(layer[0, :, query][2], row)
        assert_close(layer[0, 2, query:, 30:41], whole[query:, 30:41])


@each_use
def test_what_was_looked_at_can_be_hidden(name, use):
    verdict = ablate(looked(name), use, 0, 1, layer=0, head=0, k=2)
    keys = verdict["top"]["keys"]
    row = looked(name).row(use, 0, 1)[0, 0]
    assert sorted(keys) == sorted(row.topk(len(keys)).indices.tolist())
    assert verdict["head_off"] is not None and verdict["output"]
    if use in ("said.cross", "said.cross.one"):
        assert verdict["top"]["change"] != 0


def test_a_test_is_of_what_the_query_answers_for():
    assert ablate(looked("transformer"), "said.cross", 1, 0)["output"].startswith("token 1 ")
    assert ablate(looked("transformer"), "text.encoder", 0, 1)["output"] == "the whole answer"
    assert ablate(looked("windows"), "photo.windows.6x8", 0, 9, 0, 0)["output"].startswith("pixel (28, 27)")
    with pytest.raises(DataError, match="one layer and head at a time"):
        ablate(looked("windows"), "photo.windows.6x8", 0, 9)


def test_a_look_changes_nothing_of_the_model():
    predictor = made("transformer")
    before = {name: value.clone() for name, value in predictor.model.state_dict().items()}
    inspect_input(predictor, SENTENCE)
    assert not any(part.training for part in predictor.model.modules())
    assert all(torch.equal(value, before[name]) for name, value in predictor.model.state_dict().items())


def test_wrong_questions_are_answered_by_a_sentence():
    one = looked("transformer")
    with pytest.raises(DataError, match="did you mean 'said.cross'"):
        one.row("said.cros", 0, 0)
    with pytest.raises(DataError, match="there is no query 99"):
        one.row("said.cross", 0, 99)
    with pytest.raises(DataError, match="no view 'means'; did you mean 'mean'"):
        details.derived(one, "said.cross", 0, "means", 0)
    with pytest.raises(DataError, match="an alignment is of the tokens"):
        details.derived(one, "text.encoder", 0, "alignment", None)
    with pytest.raises(DataError, match="the input is empty"):
        inspect_input(made("transformer"), "  ")
