"""Marks of inputs: each state of a joined memory knows its input, and a model without marks has zero ones."""

import json

import pytest
import torch
import yaml
from torch.testing import assert_close

from jumok.experiment import read_experiment
from jumok.kinds.catalogue import input_marks
from jumok.kinds.options import ModelOptions
from jumok.kinds.presence import encode_inputs
from jumok.layers.marks import InputMarks
from jumok.predictor import load
from jumok.runs.config import read_config
from jumok.training import NullReporter, train
from jumok.values import Memories, Memory
from made_predictors import CONVOLUTIONS, made_predictor, recurrent, transformer
from small_experiments import small_experiment, write_words

TWO = {"one": {"encoder": transformer(1)}, "two": {"encoder": {"kind": "gru"}}}


def memory(states: int, seed: int) -> Memory:
    drawn = torch.Generator().manual_seed(seed)
    values = torch.randn(3, states, 8, generator=drawn, dtype=torch.float64)
    return Memory(values, torch.ones(3, states, dtype=torch.bool), values.mean(1))


def test_the_states_of_each_input_carry_its_mark():
    marks = InputMarks(["a", "b"], 8).double()
    torch.nn.init.normal_(marks.table)
    parts = {"a": memory(5, 1), "b": memory(2, 2)}
    memories = Memories(parts, marks=marks())
    joined, spans = memories.joined, memories.spans()
    for number, (name, part) in enumerate(parts.items()):
        assert_close(joined.states[:, list(spans[name])], part.states + marks.table[number])
        assert torch.equal(memories.of(name).states, part.states)
    assert torch.equal(joined.summary, Memories(parts).joined.summary)
    alone = Memories({"b": parts["b"]}, marks=marks())  # no row of this batch has the other input
    assert_close(alone.joined.states, parts["b"].states + marks.table[1])


def test_marks_that_are_zero_change_nothing():
    parts = {"a": memory(5, 1), "b": memory(2, 2)}
    assert torch.equal(
        Memories(parts, marks=InputMarks(["a", "b"], 8).double()()).joined.states,
        Memories(parts).joined.states,
    )


def test_a_decoder_tells_inputs_apart_by_their_marks():
    predictor = made_predictor(TWO, {"decoder": transformer(1)})
    model = predictor.model
    states = {"one": "ein", "two": "ein"}
    assert predictor.model.marks is not None

    def logits() -> torch.Tensor:
        batch = predictor.collate(encode_inputs(predictor.inputs, [predictor.parse_inputs(states)]), [0])
        with torch.no_grad():
            return model.decoders["said"](torch.tensor([[1, 2]]), model.encode(batch).joined)

    before = logits()
    torch.nn.init.normal_(model.marks.table)
    assert not torch.allclose(before, logits())


@pytest.mark.parametrize(
    ("inputs", "output", "options", "marked"),
    [
        ({"one": TWO["one"]}, {"decoder": recurrent("none")}, {}, False),
        (TWO, {"decoder": recurrent("additive")}, {}, True),
        (TWO, {"decoder": recurrent("additive")}, {"input_marks": "none"}, False),
        ({"photo": CONVOLUTIONS, "one": TWO["one"]}, {"kind": "boxes"}, {}, False),  # of its image alone
    ],
)
def test_there_are_marks_where_an_output_questions_several_inputs(inputs, output, options, marked):
    fields = made_predictor(inputs, output).fields
    assert (input_marks(fields, ModelOptions(**options)) is not None) == marked


def test_a_run_from_before_marks_still_answers(tmp_path):
    write_words(tmp_path, longest=3, reverse=False)
    small_experiment(tmp_path)
    file = tmp_path / "x.yaml"
    options = yaml.safe_load(file.read_text())
    options["inputs"]["again"] = {"encoder": {"kind": "gru", "layers": 1}}
    for part in ("train", "valid", "test"):
        options["data"][part]["columns"] = {"again": "source"}
    file.write_text(json.dumps(options))
    steps = ("training.steps=2", "training.evaluate_every=2", "model.width=16")
    run, experiment = tmp_path / "run", read_experiment(file, (*steps, "model.input_marks=none"))
    train(experiment, run, NullReporter())
    asked = [{"source": "abc", "again": "abc"}]
    expected = load(run).predict(asked)
    for config in (run / "config.yaml", run / "model" / "config.yaml"):
        text = config.read_text()
        assert "input_marks: none" in text
        config.write_text("".join(line for line in text.splitlines(True) if "input_marks" not in line))
    assert read_config(run / "config.yaml").model.input_marks == "none"
    assert load(run).predict(asked) == expected
    more = read_experiment(file, (*steps[1:], "training.steps=4"))  # says nothing of marks
    assert not train(more, run, NullReporter()).was_finished
    assert load(run).model.marks is None
