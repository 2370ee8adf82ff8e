import random
from collections import Counter
from itertools import product

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from jumok.data.text import unigram
from jumok.data.text.unigram import (
    expected_counts,
    forward_probability,
    lay_out,
    learn_pieces,
    piece_lattice,
    pruned,
    seed_pieces,
    without_dropped,
    word_lattice,
)

WORDS = {"abab": 3, "abc": 5, "cab": 1, "b": 7, "aaaa": 2}


def cuts(word: str) -> list[list[str]]:
    """All ways to cut a word."""
    found = []
    for breaks in product((False, True), repeat=len(word) - 1):
        pieces = [word[0]]
        for character, cut in zip(word[1:], breaks, strict=True):
            pieces[-1:] = [pieces[-1], character] if cut else [pieces[-1] + character]
        found.append(pieces)
    return found


def small(words: dict[str, int] = WORDS):
    """Everything about some words: table, seeds and their names, made-up probabilities, both lattices."""
    table = lay_out(words)
    pieces, places = seed_pieces(table, 1000)
    names = [
        table.codes[p : p + n].tobytes().decode("utf-32-le")
        for p, n in zip(pieces.position, pieces.length, strict=True)
    ]
    probability = np.random.default_rng(1).dirichlet(np.ones(len(names)))
    return table, pieces, names, probability, word_lattice(table, places), piece_lattice(pieces, places)


def product_of(pieces: list[str], probability: dict[str, float]) -> float:
    return float(np.prod([probability.get(piece, 0.0) for piece in pieces]))


def test_seeds_are_the_substrings_that_branch():
    _, pieces, names, *_ = small()
    assert len(set(names)) == len(names)
    count = {
        name: sum(c * sum(w[i:].startswith(name) for i in range(len(w))) for w, c in WORDS.items())
        for name in names
    }
    assert dict(zip(names, pieces.seen, strict=True)) == count
    assert set("abc") | {"ab", "abc", "abab", "aa", "aaa", "aaaa"} <= set(names)
    assert "aba" not in names  # always followed by b
    assert "ca" not in names  # seen once


def test_expected_counts_are_those_of_all_cuts():
    table, _, names, probability, lattice, _ = small()
    likely = dict(zip(names, probability, strict=True))
    expected: Counter[str] = Counter()
    for word, count in WORDS.items():
        whole = sum(product_of(pieces, likely) for pieces in cuts(word))
        for pieces in cuts(word):
            for piece in pieces:
                expected[piece] += count * product_of(pieces, likely) / whole
    ours = expected_counts(lattice, probability, table.counts)
    np.testing.assert_allclose(ours, [expected[name] for name in names], rtol=1e-12)


def test_a_piece_is_replaced_by_all_its_other_cuts():
    _, _, names, probability, _, inner = small()
    likely = dict(zip(names, probability, strict=True))
    instead = [sum(product_of(p, likely) for p in cuts(name) if len(p) > 1) for name in names]
    np.testing.assert_allclose(forward_probability(inner, probability)[inner.last], instead, rtol=1e-12)


def test_dropped_edges_change_nothing():
    table, pieces, _, probability, lattice, inner = small()
    single = pieces.length == 1
    expected = expected_counts(lattice, probability, table.counts)
    fewer = pruned(inner, probability, expected, single, int(single.sum()) + 2)
    assert (fewer > 0).sum() == single.sum() + 2 and (fewer[single] > 0).all()
    smaller = without_dropped(lattice, fewer)
    assert len(smaller.piece) < len(lattice.piece)
    np.testing.assert_allclose(
        expected_counts(smaller, fewer, table.counts),
        expected_counts(lattice, fewer, table.counts),
        rtol=1e-12,
    )


def frequent_words(number: int) -> dict[str, int]:
    draw = random.Random(2)
    syllables = ["ba", "do", "ki", "lem", "nur", "sat"]
    return {
        "▁" + "".join(draw.choices(syllables, k=draw.randint(1, 5))): draw.randint(1, 50)
        for _ in range(number)
    }


@pytest.mark.parametrize("size", [30, 100])
def test_learned_pieces_shorten_words(size):
    words = frequent_words(500)
    alphabet = set("".join(words)) | {"ж"}
    pieces = learn_pieces(words, alphabet, size)
    assert len(pieces) == len(dict(pieces)) == size and alphabet <= dict(pieces).keys()
    assert pieces == learn_pieces(dict(reversed(words.items())), alphabet, size)
    assert {"ki", "lem", "nur", "sat"} <= dict(pieces).keys()
    tokenizer = Tokenizer(models.Unigram([("?", 0.0), *pieces], unk_id=0))
    tokens = sum(len(tokenizer.encode(word).ids) * count for word, count in words.items())
    assert tokens < 0.5 * sum(len(word) * count for word, count in words.items())


def test_memory_is_bounded_by_the_most_frequent_words(monkeypatch):
    monkeypatch.setattr(unigram, "LEARN_FROM", 10)
    table = lay_out({"aaaa": 1, "bbbb": 9, "cccc": 5, "dddd": 7, "eeee": 6})
    assert table.counts.tolist() == [9, 7, 6]
    pieces = learn_pieces({"aaaa": 1, "bbbb": 9, "cccc": 5, "dddd": 7}, set("abcd"), 6)
    assert set("abcd") <= dict(pieces).keys()


@pytest.mark.parametrize("word", ["x", "x" * 500, "".join(map(chr, range(0x4E00, 0x4E00 + 200)))])
def test_odd_words(word):
    pieces = learn_pieces({word: 1}, set(word), 300)
    assert set(word) <= dict(pieces).keys() and all(np.isfinite(score) for _, score in pieces)
