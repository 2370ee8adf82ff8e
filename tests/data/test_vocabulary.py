import json
import random
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumok.data.tables.sources import clean
from jumok.data.text.specials import BOS, EOS, PAD, SPECIALS, UNK
from jumok.data.text.vocabulary import Vocabulary
from jumok.errors import ConfigurationError, DataError, RunError

KINDS = ["characters", "jamo", "words", "bpe", "unigram", "spaces"]
TEXTS = [
    "Ein Mann (alt) springt.",
    "Zwei Männer, 3.5 € -- naïve Ärzte!",
    "don't stop: x_1 = y² ...",
    "▁Mann ▁ <s> </s> <pad> <unk>",
    "日本語のテキスト、です。",
    "नमस्ते दुनिया किताबें",
    "닭을 값이 \u1100 ㄱㅏ 뷁",
    "👩\u200d👩\u200d👧 emoji می\u200cخواهم",
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
]


def learn(kind: str, texts: list[str] = TEXTS, size: int | None = None) -> Vocabulary:
    return Vocabulary.learn(texts, kind, size or (400 if kind in ("bpe", "unigram") else None))


LEARNED = {kind: learn(kind) for kind in KINDS}
ALPHABET = sorted(set("".join(TEXTS)) - {" "})
words_of_characters = st.lists(st.text(st.sampled_from(ALPHABET), min_size=1), max_size=6).map(" ".join)
words_of_words = st.lists(st.sampled_from(" ".join(TEXTS).split()), max_size=6).map(" ".join)


def known(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts as `clean` leaves them whose characters were all seen."""
    return texts.map(clean).filter(lambda text: set(text) <= {" ", *ALPHABET} and "  " not in text)


@pytest.mark.parametrize("kind", ["characters", "jamo", "bpe", "unigram"])
@given(text=known(words_of_characters))
def test_any_text_of_known_characters_comes_back(kind, text):
    vocabulary = LEARNED[kind]
    (ids,) = vocabulary.encode([text])
    assert UNK not in ids and vocabulary.decode(ids) == text


@pytest.mark.parametrize("kind", ["words", "spaces"])
@given(text=known(words_of_words))
def test_any_text_of_known_words_comes_back(kind, text):
    vocabulary = LEARNED[kind]
    (ids,) = vocabulary.encode([text])
    if UNK not in ids:  # a word may have been seen only inside another, or after a space
        assert vocabulary.decode(ids) == text
    assert kind == "words" or UNK not in ids


ordinary = st.characters(exclude_categories=("Cs",), exclude_characters="\ufdd0")  # see ESCAPED


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(
    texts=st.lists(st.lists(st.text(ordinary, min_size=1)).map(" ".join).map(clean), min_size=1, max_size=4)
)
def test_texts_learned_from_come_back(kind, texts):
    texts = [text for text in texts if text and "  " not in text]
    if texts:
        vocabulary = learn(kind, texts)
        encoded = vocabulary.encode(texts)
        found = [vocabulary.decode(ids) for ids in encoded]
        if kind == "spaces":  # any blank stands between two of its tokens
            found, texts = ([text.split() for text in some] for some in (found, texts))
        assert found == texts
        assert all(UNK not in ids for ids in encoded)


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_in_a_text_are_ordinary_text(kind):
    text = "<s> <pad> </s> <unk>"
    for vocabulary in (LEARNED[kind], learn(kind, [text])):
        (ids,) = vocabulary.encode([text])
        assert not {PAD, BOS, EOS} & set(ids)
    (ids,) = LEARNED["words"].encode(["<s>"])  # seen after a space only, as the others
    assert UNK not in ids and LEARNED["words"].decode(ids) == "<s>"
    unseen = learn(kind, ["ein anderer Text"])
    (ids,) = unseen.encode([f"<s>{SPECIALS[0]} <s> </s>"])
    assert not {PAD, BOS, EOS} & set(ids)


def tied_words() -> list[str]:
    """Texts full of ties: every word occurs twice, in a fixed order that looks random."""
    draw = random.Random(1)
    words = ["".join(draw.choice("abcdef") for _ in range(draw.randint(1, 9))) for _ in range(400)] * 2
    draw.shuffle(words)
    return [" ".join(words[i : i + 8]) + "." for i in range(0, len(words), 8)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_texts_give_the_same_bytes(kind, tmp_path):
    texts = tied_words()
    files = []
    for i in range(4):
        learn(kind, texts, 200).save(tmp_path / f"{i}.json")
        files.append((tmp_path / f"{i}.json").read_bytes())
    assert len(set(files)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_saved_and_loaded_is_equal(kind, tmp_path):
    vocabulary = LEARNED[kind]
    vocabulary.save(tmp_path / "v.json")
    loaded = Vocabulary.load(tmp_path / "v.json")
    assert (loaded.kind, len(loaded)) == (kind, len(vocabulary))
    ids = vocabulary.encode(TEXTS)
    assert loaded.encode(TEXTS) == ids
    assert [loaded.pieces(row) for row in ids] == [vocabulary.pieces(row) for row in ids]
    loaded.save(tmp_path / "w.json")
    assert (tmp_path / "w.json").read_bytes() == (tmp_path / "v.json").read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_come_first_and_are_dropped(kind):
    vocabulary = LEARNED[kind]
    assert vocabulary.pieces([PAD, UNK, BOS, EOS]) == ["<pad>", "<unk>", "<s>", "</s>"]
    (ids,) = vocabulary.encode([TEXTS[0]])
    assert vocabulary.decode(np.array([BOS, *ids, EOS, PAD, PAD])) == TEXTS[0]
    assert vocabulary.decode([]) == vocabulary.decode([PAD]) == ""
    assert vocabulary.encode([""]) == [[]] and vocabulary.encode([]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoded_batch_equals_its_texts(kind):
    many = TEXTS * 700  # more than are encoded at a time
    assert LEARNED[kind].encode(many) == [LEARNED[kind].encode([text])[0] for text in TEXTS] * 700


def test_pieces_are_readable():
    (ids,) = LEARNED["words"].encode([TEXTS[0]])
    assert LEARNED["words"].pieces(ids) == ["▁Ein", "▁Mann", "▁(", "alt", ")", "▁springt", "."]
    (ids,) = LEARNED["spaces"].encode([TEXTS[0]])
    assert LEARNED["spaces"].pieces(ids) == ["Ein", "Mann", "(alt)", "springt."]
    (ids,) = LEARNED["characters"].encode(["a b"])
    assert LEARNED["characters"].pieces(ids) == ["a", "▁", "b"]


def test_marks_and_joiners_stay_in_their_words():
    (ids,) = LEARNED["words"].encode(["नमस्ते दुनिया می\u200cخواهم"])
    assert LEARNED["words"].pieces(ids) == ["▁नमस्ते", "▁दुनिया", "▁می\u200cخواهم"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_punctuation_stands_alone(kind):
    vocabulary = learn(kind, ["Mann, Mann. (Mann) Mann!"] * 99, 60)
    (ids,) = vocabulary.encode(["Mann, (Mann)"])
    assert vocabulary.pieces(ids) == ["▁Mann", ",", "▁(", "Mann", ")"]


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_size_counts_everything(kind):
    texts = tied_words()
    for size in (60, 100):
        assert len(learn(kind, texts, size)) == size
    least = len(set("".join(texts)) - {" "}) + 1 + len(SPECIALS)  # "▁" is one of its characters
    assert len(learn(kind, texts, least)) == least
    with pytest.raises(ConfigurationError, match=f"at least {least} are needed"):
        learn(kind, texts, least - 1)
    assert len(learn(kind, texts, 5000)) < 5000


@pytest.mark.parametrize("kind", ["characters", "words", "spaces"])
def test_size_keeps_the_most_frequent(kind):
    texts = ["a b b c c c d d d d"]
    vocabulary = Vocabulary.learn(texts, kind, size=7)
    assert len(vocabulary) == 7
    assert sorted(piece.strip("▁") for piece in vocabulary.pieces(range(4, 7)))[-2:] == ["c", "d"]
    with pytest.raises(ConfigurationError, match=r"full of special tokens \(4\)"):
        Vocabulary.learn(texts, kind, size=4)


@pytest.mark.parametrize("kind", KINDS)
def test_rare_words_are_left_out(kind):
    texts = ["oft oft oft selten"] * 3 + ["einmal"]
    all_of_them, frequent = (Vocabulary.learn(texts, kind, 60, min_count=n) for n in (1, 3))
    assert len(frequent) <= len(all_of_them)
    if kind in ("words", "spaces"):
        assert frequent.missing("oft einmal selten") == ["einmal"]
    if kind in ("bpe", "unigram"):  # the alphabet stays
        assert frequent.missing("einmal") == []


def test_missing_names_what_is_unknown():
    assert LEARNED["characters"].missing("aЖbЖ ʒ") == ["Ж", "ʒ"]
    assert LEARNED["words"].missing("Ein Hund, ein Hund.") == ["Hund", "ein"]
    assert LEARNED["spaces"].missing("Ein Hund") == ["Hund"]
    assert LEARNED["bpe"].missing("Ein Жuж") == ["Ж", "ж"]
    assert LEARNED["unigram"].missing("Ein Жuж") == ["Ж", "ж"]
    assert all(vocabulary.missing(TEXTS[0]) == [] for vocabulary in LEARNED.values())


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_learn_is_a_sentence(kind):
    for texts in ([], [""]):
        with pytest.raises(DataError, match=f"no {kind} vocabulary can be learned"):
            learn(kind, texts)


def test_errors_of_the_reader_of_texts_come_through():
    def texts():
        yield "a"
        raise DataError("train.tsv:3: is wrong")

    for kind in KINDS:
        with pytest.raises(DataError, match="train.tsv:3"):
            Vocabulary.learn(texts(), kind, 100)


@pytest.mark.parametrize("content", ["", "{}", '{"format": "jumok vocabulary 0"}', None])
def test_unusable_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "v.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RunError, match=r"v.json (is not a vocabulary|does not exist)"):
        Vocabulary.load(path)


def test_file_is_json_that_says_its_kind(tmp_path):
    LEARNED["bpe"].save(tmp_path / "v.json")
    content = json.loads((tmp_path / "v.json").read_text(encoding="utf-8"))
    assert content["kind"] == "bpe" and content["tokenizer"]["model"]["type"] == "BPE"
    assert not content["tokenizer"]["added_tokens"]


def test_texts_are_nfc():
    assert all(unicodedata.is_normalized("NFC", text) for text in TEXTS)
