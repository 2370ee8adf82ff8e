"""`jumok predict`: lines in, lines out, in the same order."""

import gzip
import json
from pathlib import Path

import pytest

from jumok.predictor import Predictor, load
from jumok.values import Prediction, TextPrediction
from small_experiments import LETTERS, unseen


@pytest.fixture
def run(reversal) -> Path:
    return reversal / "run"


def expected(run: Path, texts: list[str]) -> str:
    return "".join(prediction.text + "\n" for prediction in load(run).predict(texts))


def test_from_arguments(jumok, run):
    ended = jumok("predict", run, "abc", "fe", "a")
    assert ended.status == 0 and ended.output == expected(run, ["abc", "fe", "a"])
    assert ended.talk.strip() == ""


@pytest.mark.parametrize("way", ["stdin", "dash", "only dash", "plain", "gzip"])
def test_the_same_from_standard_input_and_from_files(jumok, run, reversal, tmp_path, way):
    texts = sorted(unseen(reversal, 30), key=lambda word: word[::-1])  # long and short in no order
    data = "".join(text + "\n" for text in texts).encode()
    (tmp_path / "in.txt").write_bytes(data)
    (tmp_path / "in.gz").write_bytes(gzip.compress(data))
    words = {
        "stdin": [],
        "dash": ["--file", "-"],
        "only dash": ["-"],
        "plain": ["--file", tmp_path / "in.txt"],
    }
    words["gzip"] = ["--file", tmp_path / "in.gz"]
    ended = jumok(
        "predict", run, *words[way], given=data if way in ("stdin", "dash", "only dash") else b"no\n"
    )
    assert ended.status == 0 and ended.output == expected(run, texts)


def test_a_last_line_without_its_end_and_other_line_ends(jumok, run):
    given = "\ufeffabc\r\nde\r\nf".encode()
    assert jumok("predict", run, given=given).output == expected(run, ["abc", "de", "f"])


def test_no_lines_give_no_lines(jumok, run):
    assert jumok("predict", run)[:2] == (0, "")
    assert json.loads(jumok("predict", run, "--json").output) == []


@pytest.mark.parametrize(("keyboard", "blocks"), [(False, [3]), (True, [1, 1, 1])])
def test_a_person_at_the_keyboard_gets_each_answer_at_once(jumok, run, monkeypatch, keyboard, blocks):
    asked: list[int] = []
    predict_batches = Predictor.predict_batches

    def noticed(predictor, inputs, *rest):
        asked.append(len(inputs))
        return predict_batches(predictor, inputs, *rest)

    monkeypatch.setattr(Predictor, "predict_batches", noticed)
    ended = jumok("predict", run, given=b"abc\nde\nf\n", keyboard=keyboard)
    assert asked == blocks and len(ended.output.splitlines()) == 3
    assert ("end with Ctrl-D" in ended.talk) == keyboard


def test_to_a_file(jumok, run, tmp_path):
    ended = jumok("predict", run, "abc", "--output", tmp_path / "out.txt")
    assert ended.output == "" and (tmp_path / "out.txt").read_text() == expected(run, ["abc"])


def test_json_with_several_answers(jumok, run):
    document = json.loads(jumok("predict", run, "abc", "def", "--json", "--best", 3).output)
    assert [item["input"] for item in document] == ["abc", "def"]
    texts = [prediction.text for prediction in load(run).predict(["abc", "def"])]
    for item, text in zip(document, texts, strict=True):
        assert item.keys() == {"input", "text", "score", "n_best"}
        assert item["text"] == text == item["n_best"][0]["text"]
        assert len({answer["text"] for answer in item["n_best"]}) == 3
        scores = [answer["score"] for answer in item["n_best"]]
        assert scores == sorted(scores, reverse=True) and scores[0] == item["score"]


def test_empty_lines_get_empty_answers_and_a_note(jumok, run):
    ended = jumok("predict", run, given=b"abc\n\n  \nde\n")
    right = expected(run, ["abc", "de"]).splitlines()
    assert ended.output.split("\n") == [right[0], "", "", right[1], ""]
    assert ended.talk.strip() == "note: 2 empty input(s) got an empty answer (first: number 2)"


def test_characters_that_were_never_seen_get_a_note(jumok, run):
    ended = jumok("predict", run, "abc", "aßb", "xß", "yzw")
    assert ended.status == 0 and len(ended.output.splitlines()) == 4
    assert ended.talk.splitlines() == [
        "note: the model never saw 'ß' in training (input 2); its answer may be wrong",
        "note: the model never saw 'x' in training (input 3); its answer may be wrong",
        "note: the model never saw 'y' in training (input 4); its answer may be wrong",
        "note: 2 more pieces were never seen in training",
    ]


def test_texts_are_cleaned_as_those_of_training_were(jumok, run):
    assert jumok("predict", run, " abc\t").output == expected(run, ["abc"])


def test_decoding_can_be_changed(jumok, run, reversal):
    asked = unseen(reversal, 5)
    greedy = jumok("predict", run, *asked, "--method", "greedy").output
    assert greedy == jumok("predict", run, *asked, "--beam", 1).output
    sampled = [
        jumok("predict", run, *asked, "--method", "sample", "--seed", s, "--temperature", 3)
        for s in (1, 1, 2)
    ]
    assert sampled[0].output == sampled[1].output != sampled[2].output
    short = jumok("predict", run, *asked, "--max-tokens", 2).output
    assert all(len(line) <= 2 for line in short.splitlines())


def test_a_sample_does_not_depend_on_what_is_answered_with_it(jumok, run, monkeypatch):
    sample = ("predict", run, *LETTERS, "--method", "sample", "--temperature", 3)
    assert jumok(*sample).output.splitlines()[:2] == jumok(*sample[:4], *sample[-4:]).output.splitlines()


# --- refusals


def test_a_line_that_is_not_utf8_is_told_and_the_others_are_answered(jumok, run, tmp_path):
    file, out = tmp_path / "in.txt", tmp_path / "out.json"
    file.write_bytes(b"abc\nd\xffe\nfed\n")
    abc, fed = jumok("predict", run, "abc", "fed").output.splitlines()
    for words, given in (((), file.read_bytes()), (("--file", file), b"")):
        ended = jumok("predict", run, *words, given=given)
        assert ended.status == 2 and ended.output.splitlines() == [abc, "", fed]
        assert "no answer: line 2: not UTF-8 (byte 2); convert it" in ended.talk
        assert "1 of 3 inputs got no answer; the others are done" in ended.talk
    assert jumok("predict", run, "--file", file, "--json", "--output", out).status == 2
    found = json.loads(out.read_text())
    assert [one["input"] for one in found] == ["abc", r"d\xffe", "fed"]
    assert [one.get("text") for one in found] == [abc, None, fed] and "not UTF-8" in found[1]["error"]


def test_a_line_that_is_not_utf8_changes_no_sample(jumok, run):
    sample = ("predict", run, "--method", "sample", "--temperature", 3)
    good, bad = (jumok(*sample, given=b"abc\n" * 3 + one + b"\nabc\n").output for one in (b"x", b"\xff"))
    assert good.splitlines()[4] == bad.splitlines()[4]


def test_lines_of_json_for_one_input(jumok, refused, run, tmp_path):
    words = ["abc", "f\u00e9d", "", "12"]
    expected = jumok("predict", run, given="\n".join(words).encode()).output
    lines = ['"abc"', '{"source": "f\\u00e9d", "other": 1}', "", "12"]
    file = tmp_path / "in.jsonl"
    file.write_text("\n".join(lines))
    assert jumok("predict", run, "--file", file).output == expected
    (tmp_path / "in.txt").write_text('"abc"\n')
    as_text = jumok("predict", run, "--file", tmp_path / "in.txt", "--json").output
    assert json.loads(as_text)[0]["input"] == '"abc"'
    file.write_text('"abc"\n{"sauce": "abc"}\n')
    assert "line 2: the object has no 'source'; it has sauce" in refused("predict", run, "--file", file)
    file.write_text("abc\n")
    assert "line 1: no JSON; write a value or an object like" in refused("predict", run, "--file", file)


def test_a_damaged_compressed_file(refused, run, tmp_path):
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"abc\n" * 1000)[:-12])
    assert "cut.gz:" in refused("predict", run, "--file", tmp_path / "cut.gz")
    (tmp_path / "no.gz").write_bytes(b"abc\n")
    assert "no.gz:1: cannot be read" in refused("predict", run, "--file", tmp_path / "no.gz")


def test_missing_files(refused, run, tmp_path):
    assert refused("predict", run, "--file", tmp_path / "no") == f"{tmp_path / 'no'}: there is no such file"
    assert refused("predict", run, "a", "--file", "b").startswith("inputs came as arguments and by --file")
    sentence = refused("predict", run, "a", "--output", tmp_path / "no" / "out")
    assert sentence.startswith(f"{tmp_path / 'no' / 'out'} could not be written")


def test_the_input_is_never_lost(refused, jumok, run, tmp_path):
    """However large: a file is read while answers are written."""
    texts, file = b"abc\n" * 3000, tmp_path / "in.txt"
    file.write_bytes(texts)
    assert "is one of the inputs" in refused("predict", run, "--file", file, "--output", file, "--overwrite")
    assert file.read_bytes() == texts
    file.with_name("mine.txt").write_text("mine")
    sentence = refused("predict", run, "a", "--output", file.with_name("mine.txt"))
    assert "exists already" in sentence and file.with_name("mine.txt").read_text() == "mine"
    ended = jumok("predict", run, "abc", "--output", file.with_name("mine.txt"), "--overwrite")
    assert ended.status == 0 and file.with_name("mine.txt").read_text() == expected(run, ["abc"])


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\t"])
def test_an_answer_is_one_line_for_every_program(jumok, run, monkeypatch, end):
    answer = Prediction({"target": TextPrediction(f"a{end}b", 0.0)})
    monkeypatch.setattr(
        Predictor,
        "predict_batches",
        lambda self, values, *rest: iter([dict.fromkeys(range(len(values)), answer)]),
    )
    assert jumok("predict", run, "x", "y").output == "a b\na b\n"
    assert json.loads(jumok("predict", run, "x", "--json").output)[0]["text"] == f"a{end}b"


def test_several_answers_stand_on_one_line(jumok, run):
    ended = jumok("predict", run, "abc", "de", "--method", "beam", "--beam", 3, "--best", 3)
    found = load(run, decoding={"method": "beam", "beam": 3, "best": 3}).predict(["abc", "de"])
    assert [line.split("\t") for line in ended.output.splitlines()] == [
        [str(one) for one in (prediction["target"], *prediction["target"].alternatives)]
        for prediction in found
    ]


def test_what_is_no_run(refused, tmp_path):
    assert (
        refused("predict", tmp_path / "no", "a") == f"{tmp_path / 'no'}: there is no such run or model folder"
    )
    assert refused("predict", tmp_path, "a").startswith(f"{tmp_path}: neither a run")
    (tmp_path / "checkpoints").mkdir()
    assert refused("predict", tmp_path, "a").startswith(f"{tmp_path}: this run has no model yet")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--beam", 0), "decoding.beam: expected a number greater than 0, got 0"),
        (("--top-p", 2), "decoding.top_p: expected a number at most 1.0, got 2.0"),
        (("--temperature", "nan"), "decoding.temperature: expected a finite number, got nan"),
    ],
)
def test_decoding_that_does_not_exist(refused, run, words, sentence):
    assert refused("predict", run, "a", *words).startswith(f"decoding options: {sentence}")


def test_a_choice_that_does_not_exist(jumok, run):
    ended = jumok("predict", run, "a", "--method", "bem")
    assert ended.status == 2 and "'bem' is not one of 'beam', 'greedy', 'sample'" in ended.talk
