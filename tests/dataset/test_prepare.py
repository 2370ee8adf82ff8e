"""From files to splits: faults are refused or skipped, equal inputs stay together, nothing is read twice."""

import os
from pathlib import Path

import numpy as np
import pytest

from jumok.data.cache.store import TokenStore
from jumok.data.tables.sources import TableSource
from jumok.data.text.specials import EOS
from jumok.data.text.vocabulary import Vocabulary
from jumok.dataset import Prepared, Split, prepare
from jumok.errors import DataError
from jumok.kinds.catalogue import build_model
from jumok.kinds.options import ModelOptions
from jumok.layers.embedding import TokenEmbedding
from small_experiments import small_experiment, words, write_table

FAULTY = ["ab\tba", "abc\tcba\tmore", "c", "\td", "ef\tfe"]  # lines 2 to 6, of which 3, 4 and 5 are faulty


def make(folder: Path, *overrides: str, said: list[str] | None = None) -> Prepared:
    return prepare(small_experiment(folder, *overrides), (said if said is not None else []).append)


def write_faulty(folder: Path) -> Path:
    small_experiment(folder)
    file = folder / "train.tsv"
    file.write_text("\n".join(["source\ttarget", *FAULTY]) + "\n")
    return file


def rows_of(split: Split) -> list[tuple[str, ...]]:
    names = (*split.inputs, *split.outputs)
    return [tuple(split.text(name, i) for name in names) for i in range(len(split))]


def test_every_part_holds_its_file(tmp_path):
    prepared = make(tmp_path)
    assert list(prepared.splits) == ["train", "valid", "test"]
    for name, split in prepared.splits.items():
        lines = (tmp_path / f"{name}.tsv").read_text().splitlines()[1:]
        assert rows_of(split) == [tuple(line.split("\t")) for line in lines]
        assert [split.line(i) for i in range(3)] == [2, 3, 4]


def test_tokens_spell_the_text_and_end(tmp_path):
    split = make(tmp_path).splits["valid"]
    batch = split.batch([3, 0, 7])
    source = batch.inputs["source"]
    for row, example in enumerate([3, 0, 7]):
        tokens = source.values[row][source.valid[row]].tolist()
        assert tokens[-1] == EOS
        assert split.inputs["source"].codec.vocabulary.decode(tokens) == split.text("source", example)
    assert source.valid.sum(1).tolist() == split.lengths("source")[[3, 0, 7]].tolist()
    assert batch.outputs["target"].valid.equal(source.valid)  # reversals are as long


# --- faults


def test_a_fault_is_refused_with_its_line_and_a_remedy(tmp_path):
    file = write_faulty(tmp_path)
    with pytest.raises(DataError) as caught:
        make(tmp_path)
    assert str(caught.value) == (
        f"{file}:3: has 3 columns, expected 2; remove the extra tab or name the columns, or set data.on_bad_rows: "
        "skip to go on without such rows (2 more faulty rows; `jumok check` lists them)"
    )


def test_skipped_rows_are_counted_with_their_reasons(tmp_path):
    file = write_faulty(tmp_path)
    said: list[str] = []
    prepared = make(tmp_path, "data.on_bad_rows=skip", said=said)
    assert rows_of(prepared.splits["train"]) == [("ab", "ba"), ("ef", "fe")]
    assert [prepared.splits["train"].line(i) for i in range(2)] == [2, 6]
    assert said[:1] == [
        f"train: left out 3 that are faulty (2 column count, 1 empty side), 2 rows stay; "
        f"first: {file}:3: has 3 columns, expected 2; "
        "remove the extra tab or name the columns"
    ]


def test_skipping_says_the_same_from_the_cache(tmp_path):
    write_faulty(tmp_path)
    said: list[str] = []
    for _ in range(2):
        make(tmp_path, "data.on_bad_rows=skip", said=said)
    assert said[: len(said) // 2] == said[len(said) // 2 :] and said[0].startswith("train: left out 3")


def test_a_missing_file_cannot_be_skipped(tmp_path):
    small_experiment(tmp_path)
    with pytest.raises(DataError) as caught:
        make(tmp_path, "data.valid.table=vlid.tsv", "data.on_bad_rows=skip")
    assert str(caught.value) == f"{tmp_path / 'vlid.tsv'}: does not exist; did you mean 'valid.tsv'?"


def test_files_that_do_not_match_cannot_be_skipped_even_behind_many_faults(tmp_path):
    small_experiment(tmp_path)
    (tmp_path / "a").write_text("a\n" + "\n" * 1500)
    (tmp_path / "b").write_text("b\n" * 1400)
    lines = f"data.train={{lines: {{source: {tmp_path / 'a'}, target: {tmp_path / 'b'}}}}}"
    with pytest.raises(DataError, match=r"a: has 1 \(and 1,500 empty at the end\) lines, but .*b has 1,400"):
        make(tmp_path, lines, "data.on_bad_rows=skip")


def test_nothing_to_train_on(tmp_path):
    small_experiment(tmp_path)
    (tmp_path / "train.tsv").write_text("source\ttarget\na\n")
    with pytest.raises(DataError, match="the train split has no rows"):
        make(tmp_path, "data.on_bad_rows=skip")


# --- long rows


def test_long_rows_are_refused_with_the_longer_side(tmp_path):
    small_experiment(tmp_path)
    file = write_table(tmp_path / "train.tsv", [("ab", "ba"), ("abc", "a" * 9), ("abcdefabc", "a")])
    with pytest.raises(DataError) as caught:
        make(tmp_path, "data.max_tokens=9")
    assert str(caught.value) == (
        f"{file}:3: target has 10 tokens, at most 9 are allowed; shorten it, or raise data.max_tokens, "
        "or set data.on_bad_rows: skip to go on without such rows (1 more faulty rows; `jumok check` lists them)"
    )


def test_long_rows_are_skipped_in_every_part(tmp_path):
    small_experiment(tmp_path)
    said: list[str] = []
    prepared = make(tmp_path, "data.max_tokens=4", "data.on_bad_rows=skip", said=said)
    for name, split in prepared.splits.items():
        lines = (tmp_path / f"{name}.tsv").read_text().splitlines()[1:]
        short = [line for line in lines if len(line.split("\t")[0]) <= 3]  # and the end mark
        assert len(split) == len(short) and max(map(max, split.all_lengths())) == 4
        skipped = [sentence for sentence in said if sentence.startswith(f"{name}: skipped ")]
        assert (
            len(skipped) == 1 and f" {len(lines) - len(short)} of {len(lines)} rows (too long)" in skipped[0]
        )


def test_a_long_line_is_named_in_its_own_file(tmp_path):
    small_experiment(tmp_path)
    (tmp_path / "a").write_text("a\nb\n")
    (tmp_path / "b").write_text("b\nbbbbbb\n")
    lines = f"data.train={{lines: {{source: {tmp_path / 'a'}, target: {tmp_path / 'b'}}}}}"
    with pytest.raises(DataError, match=r"/b:2: target has 7 tokens, at most 6 are allowed"):
        make(tmp_path, lines, "data.max_tokens=6")


# --- splits


def split_off(folder: Path, valid: str, test: str, seed: int = 1) -> dict[str, list[tuple[str, ...]]]:
    small_experiment(folder)
    options = f"split: {{valid: {valid}, test: {test}, seed: {seed}}}"
    data = f"data={{train: {{table: train.tsv}}, {options}, tokens: {{kind: characters}}}}"
    return {name: rows_of(split) for name, split in make(folder, data).splits.items()}


@pytest.mark.parametrize(("valid", "test"), [("0.1", "0.2"), ("7", "11"), ("0.1", "11"), ("5", "null")])
def test_splitting_keeps_every_row_and_equal_inputs_together(tmp_path, valid, test):
    small_experiment(tmp_path)
    drawn = words(300, seed=5, longest=3)
    every = [(word, word[::-1] + "abc"[i % 3]) for i, word in enumerate(drawn)]
    write_table(tmp_path / "train.tsv", every)
    parts = split_off(tmp_path, valid, test)
    assert sorted(row for rows in parts.values() for row in rows) == sorted(every)
    inputs = {name: {row[0] for row in rows} for name, rows in parts.items()}
    assert sum(map(len, inputs.values())) == len(set(drawn))
    for name, wanted in (("valid", valid), ("test", test)):
        if wanted != "null":
            share = "." in wanted
            assert len(inputs[name]) == (round(float(wanted) * len(set(drawn))) if share else int(wanted))
    assert ("test" in parts) == (test != "null")


def test_the_split_depends_on_the_seed_alone(tmp_path):
    one, same, other = (split_off(tmp_path, "0.2", "0.2", seed) for seed in (1, 1, 2))
    assert one == same and one != other


def test_a_split_that_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="the split asks for 500 valid and 1 test example"):
        split_off(tmp_path, "500", "1")


# --- vocabularies


def embeddings(prepared: Prepared) -> int:
    """How many embeddings a model of these fields has; a shared one counts once."""
    model = build_model(prepared.fields, ModelOptions(width=16, heads=2))
    return sum(isinstance(part, TokenEmbedding) for part in model.modules())


def test_a_shared_vocabulary_is_one(tmp_path):
    small_experiment(tmp_path)
    write_table(tmp_path / "train.tsv", [("abc", "xy"), ("b", "yz")])
    write_table(tmp_path / "valid.tsv", [("abc", "xy")])
    write_table(tmp_path / "test.tsv", [("abc", "xy")])
    shared = make(tmp_path, "data.tokens.shared=true")
    source, target = shared.inputs["source"], shared.outputs["target"]
    assert source.codec.vocabulary is target.codec.vocabulary and embeddings(shared) == 1
    assert source.coverage.unknown("abcxyz") == []
    own = make(tmp_path)
    source, target = own.inputs["source"], own.outputs["target"]
    assert embeddings(own) == 2
    assert source.coverage.unknown("abcxyz") == ["x", "y", "z"] and target.coverage.unknown("abcxyz") == [
        "a",
        "b",
        "c",
    ]


def test_an_input_may_have_tokens_of_its_own(tmp_path):
    prepared = make(tmp_path, "data.tokens.shared=true", "inputs.source.tokens={kind: words}")
    kinds = prepared.inputs["source"].codec.vocabulary.kind, prepared.outputs["target"].codec.vocabulary.kind
    assert kinds == ("words", "characters")


def test_vocabularies_are_learned_from_train_alone(tmp_path):
    small_experiment(tmp_path)
    write_table(tmp_path / "valid.tsv", [("q", "q")])
    assert make(tmp_path).inputs["source"].coverage.unknown("aq") == ["q"]


# --- the cache


@pytest.fixture
def work(monkeypatch) -> list[str]:
    """What was done and not taken from the cache, in order."""
    monkeypatch.setattr("jumok.data.cache.states.TICK", 0)  # files just written are cached, too
    done: list[str] = []
    read, learn, write = TableSource.rows, Vocabulary.learn.__func__, TokenStore.write.__func__  # type: ignore[attr-defined]

    def counted_rows(source):
        done.append(f"read {source.path.name}")
        return read(source)

    def counted_learn(cls, *arguments):
        done.append("learn")
        return learn(cls, *arguments)

    def counted_write(cls, *arguments):
        done.append("encode")
        return write(cls, *arguments)

    monkeypatch.setattr(TableSource, "rows", counted_rows)
    monkeypatch.setattr(Vocabulary, "learn", classmethod(counted_learn))
    monkeypatch.setattr(TokenStore, "write", classmethod(counted_write))
    return done


def test_the_second_time_nothing_is_read(tmp_path, work):
    first = make(tmp_path)
    assert sorted(set(work)) == ["encode", "learn", "read test.tsv", "read train.tsv", "read valid.tsv"]
    work.clear()
    second = make(tmp_path)
    assert work == []
    for name, split in first.splits.items():
        assert rows_of(second.splits[name]) == rows_of(split)
        for one, other in zip(second.splits[name].all_lengths(), split.all_lengths(), strict=True):
            assert np.array_equal(one, other)


def test_a_changed_file_is_read_again(tmp_path, work):
    make(tmp_path)
    work.clear()
    write_table(tmp_path / "valid.tsv", [("abc", "cba")])
    assert rows_of(make(tmp_path).splits["valid"]) == [("abc", "cba")]
    assert work == ["read valid.tsv", "encode", "encode"]


def test_a_file_changed_to_the_same_size_is_read_again(tmp_path, work):
    make(tmp_path)
    work.clear()
    file = tmp_path / "train.tsv"
    before = file.stat()
    file.write_text(file.read_text().replace("f", "d"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert make(tmp_path).inputs["source"].coverage.unknown("fa") == ["f"]
    assert work[:2] == ["read train.tsv", "learn"]


def test_the_cache_knows_what_was_read_of_a_file(tmp_path):
    small_experiment(tmp_path)
    for part in ("train", "valid", "test"):
        write_table(tmp_path / f"{part}.tsv", [("ab", "cd", "ef")], ("source", "target", "other"))
    parts = ", ".join(
        f"{part}: {{table: {part}.tsv, columns: {{target: other}}}}" for part in ("train", "valid")
    )
    plain = make(tmp_path)
    renamed = make(tmp_path, f"data={{{parts}, tokens: {{kind: characters}}}}")
    assert rows_of(plain.splits["train"]) == [("ab", "cd")]
    assert rows_of(renamed.splits["train"]) == [("ab", "ef")]
    swapped = make(tmp_path, "inputs={target: {}}", "outputs={source: {}}")
    assert rows_of(swapped.splits["train"]) == [("cd", "ab")]


def test_tokens_are_encoded_again_for_other_vocabularies(tmp_path, work):
    make(tmp_path)
    work.clear()
    make(tmp_path, "data.tokens.kind=words")
    assert work == ["learn", "learn"] + ["encode"] * 6
