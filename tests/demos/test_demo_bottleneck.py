"""`jumok demo bottleneck`: its data teach and test what they should, and all five models are trained and shown."""

import json
from collections import Counter

from jumok.demos import bottleneck


def rows(folder, part):
    lines = (folder / "data" / f"{part}.tsv").read_text().splitlines()
    assert lines[0] == "digits\twords"
    return [tuple(line.split("\t")) for line in lines[1:]]


def test_the_words_are_those_of_the_digits(tmp_path):
    bottleneck.write(tmp_path)
    for part in ("train", "valid", "test"):
        for digits, words in rows(tmp_path, part):
            assert words.split() == [bottleneck.DIGIT_WORDS[int(digit)] for digit in digits.split()]


def test_lengths_are_alike_and_longer_ones_are_unseen(tmp_path):
    bottleneck.write(tmp_path)
    counts = Counter(len(digits.split()) for digits, _ in rows(tmp_path, "test"))
    assert set(counts) == set(range(1, bottleneck.MAX_DIGITS + 1)) and min(counts.values()) >= 50
    train = {digits for digits, _ in rows(tmp_path, "train")}
    for part in ("valid", "test"):
        assert not train & {digits for digits, _ in rows(tmp_path, part) if len(digits.split()) > 2}


def test_all_five_are_trained_and_shown(jumok, tmp_path, monkeypatch):
    monkeypatch.setattr(bottleneck, "TRAIN_ROWS", 300)
    monkeypatch.setattr(bottleneck, "TEST_ROWS", 60)
    words = ["demo", "bottleneck", "--folder", tmp_path, "--json", "--set", "training.steps=2"]
    ended = jumok(*words, "--set", "model.width=8")
    assert ended.status == 0
    document = json.loads(ended.output)
    names = [variant["name"] for variant in document["variants"]]
    assert names == [v.name for v in bottleneck.VARIATIONS]
    assert all(name in ended.talk for name in names) and "comparison.html" in ended.talk
    assert (tmp_path / "bottleneck" / "comparison.html").exists()
