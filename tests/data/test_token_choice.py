"""What texts are cut into where nobody says it, and how large a vocabulary they bear."""

import random
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumok.data.tables.sources import clean
from jumok.data.text.jamo import compose_syllables, decompose, origins
from jumok.data.text.specials import SPECIALS, UNK
from jumok.data.text.token_choice import LEARNED_FROM, MOST_PIECES, choose_tokens
from jumok.data.text.vocabulary import Vocabulary

DRAW = random.Random(1)


def codes(count: int, alphabet: str = "abcdefghij0123456789", length: int = 6) -> list[str]:
    return ["".join(DRAW.choices(alphabet, k=length)) for _ in range(count)]


def sentences(count: int) -> list[str]:
    """Sentences of words as frequent as those of a language (Zipf)."""
    words = [f"w{''.join(DRAW.choices('abcdefghijklmnopqrstuvwxyz', k=6))}" for _ in range(3000)]
    weights = [1 / (i + 1) for i in range(len(words))]
    return [" ".join(DRAW.choices(words, weights, k=10)) for _ in range(count)]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (codes(500), "characters"),
        ([str(i * 7919) for i in range(500)], "characters"),
        (["positive", "negative"] * 100, "characters"),
        (["今日は良い天気です", "本を読みます"], "characters"),
        (["닭이", "값을", "꽃잎", "abc"], "jamo"),
        (["HUND", "hund-1", "a b"] + codes(60), "characters"),
        (sentences(50), "bpe"),
        (["나는 학교에 간다", "비가 온다", "네"], "bpe"),
        (["AH0 B S", "K AE1 T"], "bpe"),
        (["a\u3000b", "c\u00a0d"], "bpe"),
        ([], "bpe"),
    ],
)
def test_words_that_stand_alone_are_spelled(texts, kind):
    assert choose_tokens(iter(texts)) == kind


def test_codes_not_seen_have_as_many_tokens_as_those_seen():
    train, valid = codes(2000), codes(200)
    vocabulary = Vocabulary.learn(train, choose_tokens(train))
    lengths = [{len(ids) for ids in vocabulary.encode(texts)} for texts in (train, valid)]
    assert lengths[0] == lengths[1] == {6}


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_a_vocabulary_grows_with_what_it_is_learned_from(kind):
    sizes = [len(Vocabulary.learn(sentences(count), kind)) for count in (30, 300, 3000)]
    assert sizes[0] < sizes[1] < sizes[2] <= MOST_PIECES
    assert (
        Vocabulary.learn(sentences(300), kind, size=600).tokenizer.get_vocab_size() == 600
    )  # as it is asked for


def test_each_piece_was_seen_often_enough_to_learn_it():
    texts = sentences(300)
    vocabulary = Vocabulary.learn(texts, "bpe")
    counts = Counter(piece for ids in vocabulary.encode(texts) for piece in vocabulary.pieces(ids))
    rare = [piece for piece, count in counts.items() if count < LEARNED_FROM and len(piece.strip("▁")) > 1]
    assert len(rare) < 0.2 * len(vocabulary)  # seen often when they were made, and mostly inside others since
    large = Vocabulary.learn(texts, "bpe", size=MOST_PIECES)
    assert len(large) > 2 * len(vocabulary)


def test_more_characters_than_pieces_are_no_error():
    texts = [chr(0x4E00 + i) for i in range(9000)]
    assert len(Vocabulary.learn(texts, "bpe")) == 9000 + 1 + len(SPECIALS)  # and the mark of a blank


# --- Hangul as letters

syllables = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
letters = st.characters(min_codepoint=0x1100, max_codepoint=0x11FF)
korean = st.text(syllables | letters | st.sampled_from(" aé1ㄱㅏ!中👍🏽")).map(clean)


@given(korean)
def test_letters_are_those_of_unicode_and_come_back(text):
    written = decompose(text)
    assert compose_syllables(written) == text
    hangul = "".join(one for one in text if "가" <= one <= "힣")
    assert decompose(hangul) == unicodedata.normalize("NFD", hangul)
    assert len(origins(text)) == len(written)
    assert [compose_syllables(decompose(text[i])) for i in sorted(set(origins(text)))] == list(text)


@given(korean)
def test_other_characters_stay(text):
    others = "".join(one for one in text if not "가" <= one <= "힣")
    assert decompose(others) == others


def test_each_syllable_has_its_own_spelling():
    spellings = {decompose(chr(code)) for code in range(0xAC00, 0xD7A4)}
    assert len(spellings) == 11_172 and {len(one) for one in spellings} == {2, 3}


def test_a_vocabulary_of_letters_writes_syllables_it_never_saw():
    vocabulary = Vocabulary.learn(["각 나", "달 é"], "jamo")
    assert len(vocabulary) == len(SPECIALS) + len(set(decompose("각나달")) | {" ", "é"})
    (ids,) = vocabulary.encode(["낙 갈"])
    assert UNK not in ids and vocabulary.decode(ids) == "낙 갈"
    assert vocabulary.pieces(ids) == [*decompose("낙"), "▁", *decompose("갈")]
    assert vocabulary.spans("낙 갈") == [(0, 1)] * 3 + [(1, 2)] + [(2, 3)] * 3
    assert vocabulary.missing("나밤z") == ["밤", "z"]  # the syllable, not a letter that cannot be typed


def test_a_vocabulary_of_letters_is_saved_and_loaded(tmp_path):
    vocabulary = Vocabulary.learn(["각 나", "달 é"], "jamo")
    vocabulary.save(tmp_path / "v.json")
    again = Vocabulary.load(tmp_path / "v.json")
    assert again.kind == "jamo" and again.digest == vocabulary.digest
    assert again.decode(*again.encode(["갈낙"])) == "갈낙"


@pytest.mark.parametrize("blank", ["\t", "\u00a0", "  ", "\u3000", " \u2003 ", "\x85", "\u2028"])
def test_any_blank_stands_between_symbols(blank):
    vocabulary = Vocabulary.learn([f"HH{blank}AW S", "HH AW"], "spaces")
    assert sorted(vocabulary.pieces(range(len(SPECIALS), len(vocabulary)))) == ["AW", "HH", "S"]
    assert vocabulary.decode(*vocabulary.encode([f"S{blank}HH"])) == "S HH"
    assert vocabulary.spans(f"S{blank}HH") == [(0, 1), (1 + len(blank), 3 + len(blank))]
