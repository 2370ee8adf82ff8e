"""Vocabularies: from texts to token numbers and back."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from jumok.data.text.jamo import compose_syllables, decompose, origins
from jumok.data.text.specials import SPECIALS, UNK
from jumok.data.text.token_choice import LEARNED_FROM, MOST_PIECES
from jumok.data.text.unigram import learn_pieces
from jumok.errors import ConfigurationError, DataError, RunError
from jumok.files import read_whole, write_file_atomically

TokenKind = Literal["characters", "jamo", "words", "bpe", "unigram", "spaces"]
# Inside the tokenizer their names have a space, as no token of a text has: "<s>" in a text is ordinary text.
SPECIAL_TEXTS = [f"{special} " for special in SPECIALS]

SPACE_MARK = "\u2581"  # ▁ stands for the space before a word
ESCAPED = "\ufdd0"  # stands for a ▁ of the text; Unicode keeps it out of texts
WORD_LETTERS = r"\p{L}\p{M}\p{N}_\x{200C}\x{200D}"  # with their marks, digits and joiners
WORD_PATTERN = Regex(
    f"{SPACE_MARK}?[{WORD_LETTERS}]+|{SPACE_MARK}?[^{WORD_LETTERS}{SPACE_MARK}]|{SPACE_MARK}"
)  # any other character stands alone
CHARACTERS = Regex(r"[\s\S]")
BLANKS = Regex(r"\s+")  # tabs and no-break spaces, too
DIGIT_GROUPS = r"[0-9]{{1,{n}}}(?=(?:[0-9]{{{n}}})*(?![0-9]))"  # a group after which only whole groups follow
NO_LIMIT = 1 << 40
ENCODE_BATCH = 4096  # texts encoded at a time: an encoding takes 100 times the memory of its numbers
FORMAT = "jumok vocabulary 1"


class Vocabulary:
    """A fixed set of tokens, and how texts are cut into them.

    For known characters, cleaned by `clean` and with single spaces, `decode(encode(text))` is the text.
    """

    def __init__(self, tokenizer: Tokenizer, kind: TokenKind) -> None:
        self.tokenizer = tokenizer
        self.kind = kind

    @classmethod
    def learn(
        cls,
        texts: Iterable[str],
        kind: TokenKind,
        size: int | None = None,
        min_count: int = 1,
        digits: int | None = None,
    ) -> "Vocabulary":
        """Learn a vocabulary from texts; the same texts give the same one, byte for byte.

        Args:
            texts: The texts.
            kind: Kind of the tokens (bpe: Sennrich et al., 2016; unigram: Kudo, 2018).
            size: Number of tokens with the four special ones. By default all tokens that occur `min_count` times; of
                bpe and unigram as many as the texts support, 8,000 at most.
            min_count: The least count of a token.
            digits: For characters: digits are grouped by this number, counted from the right like thousands (Singh &
                Strouse, 2024).

        Returns:
            The vocabulary.

        Raises:
            ConfigurationError: If `size` is too small for all characters.
        """
        if digits is not None and kind != "characters":
            raise ConfigurationError(f"digits belongs to the tokens characters; got {kind}")
        if size is not None and size <= len(SPECIALS):
            raise ConfigurationError(
                f"a vocabulary of size {size} is full of special tokens ({len(SPECIALS)}); choose a greater size"
            )
        if kind == "unigram":
            texts = texts if size else list(texts)
            tokenizer = unigram(texts, size or len(cls.learn(texts, "bpe")), min_count)
        else:
            if kind == "jamo":
                texts = map(decompose, texts)
            tokenizer = trained(texts, kind, size, min_count, digits)
        if tokenizer.get_vocab_size() <= len(SPECIALS):
            raise DataError(
                f"no {kind} vocabulary can be learned: no token occurs {min_count} times in the texts"
            )
        return cls(tokenizer, kind)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, without begin and end marks."""
        ids: list[list[int]] = []
        for begin in range(0, len(texts), ENCODE_BATCH):
            batch = [self._cut(text) for text in texts[begin : begin + ENCODE_BATCH]]
            encodings = self.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            ids.extend(encoding.ids for encoding in encodings)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token numbers, without special tokens, the unknown one included."""
        text = self.tokenizer.decode([int(i) for i in ids if i >= len(SPECIALS)], skip_special_tokens=False)
        return compose_syllables(text) if self.kind == "jamo" else text

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """The tokens for display: special ones by name, "▁" for a space."""
        return [self._shown[i] for i in ids]

    def missing(self, text: str) -> list[str]:
        """The pieces of a text that are not in the vocabulary, each once."""
        found = self.tokenizer.encode(self._cut(text), add_special_tokens=False)
        spans = self._in_text(text, found.offsets)
        pieces = [text[slice(*span)] for i, span in zip(found.ids, spans, strict=True) if i == UNK]
        return list(dict.fromkeys(piece.strip(" ") or piece for piece in pieces))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """The first and last character of each token in a text, without spaces before it."""
        found = self.tokenizer.encode(self._cut(text), add_special_tokens=False)
        return [
            (end - len(text[begin:end].lstrip(" ") or text[begin:end]), end)
            for begin, end in self._in_text(text, found.offsets)
        ]

    def _cut(self, text: str) -> str:
        """The text as the tokenizer gets it."""
        return decompose(text) if self.kind == "jamo" else text

    def _in_text(self, text: str, offsets: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
        """Where in the text stands what the tokenizer found at these places of what it got."""
        if self.kind != "jamo":
            return offsets
        origin = origins(text)
        return [(origin[begin], origin[end - 1] + 1) for begin, end in offsets]

    def __len__(self) -> int:
        return self.tokenizer.get_vocab_size()

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON, atomically."""
        content = {"format": FORMAT, "kind": self.kind, "tokenizer": json.loads(self.tokenizer.to_str())}
        write_file_atomically(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a saved vocabulary."""
        try:
            content = json.loads(read_whole(path))
            if content["format"] != FORMAT:
                raise ValueError(f"its format is {content['format']!r}, expected {FORMAT!r}")
            return cls(Tokenizer.from_str(json.dumps(content["tokenizer"])), content["kind"])
        except Exception as error:  # tokenizers raises nothing more special
            reason = (
                "does not exist" if isinstance(error, FileNotFoundError) else f"is not a vocabulary ({error})"
            )
            raise RunError(f"{path} {reason}; train again or copy the whole model folder") from error

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that decides how texts are cut."""
        return sha256(f"{self.kind} {self.tokenizer.to_str()}".encode()).hexdigest()

    @cached_property
    def _shown(self) -> list[str]:
        tokens = [self.tokenizer.id_to_token(i) or "" for i in range(len(SPECIALS), len(self))]
        return [*SPECIALS, *(token.replace(" ", SPACE_MARK).replace(ESCAPED, SPACE_MARK) for token in tokens)]


def untrained(kind: TokenKind, model: models.Model, digits: int | None = None) -> Tokenizer:
    """A tokenizer of this kind without tokens.

    Args:
        kind: Kind of the tokens.
        model: The model of `tokenizers`.
        digits: Digits per group, for characters.

    Returns:
        The tokenizer.
    """
    tokenizer = Tokenizer(model)
    if kind in ("characters", "jamo"):
        pattern = CHARACTERS if digits is None else Regex(DIGIT_GROUPS.format(n=digits) + r"|[\s\S]")
        tokenizer.pre_tokenizer = pre_tokenizers.Split(pattern, "isolated")
        tokenizer.decoder = decoders.Fuse()
    elif kind == "spaces":  # without a decoder, tokens are joined by spaces
        tokenizer.pre_tokenizer = pre_tokenizers.Split(BLANKS, "removed")
    else:
        split = pre_tokenizers.Split(WORD_PATTERN, "isolated")
        tokenizer.normalizer = normalizers.Replace(SPACE_MARK, ESCAPED)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(split=False), split])
        tokenizer.decoder = decoders.Sequence([decoders.Metaspace(), decoders.Replace(ESCAPED, SPACE_MARK)])
    return tokenizer


def trained(
    texts: Iterable[str], kind: TokenKind, size: int | None, min_count: int, digits: int | None
) -> Tokenizer:
    """A tokenizer with the most frequent tokens or merges.

    Args:
        texts: The texts.
        kind: Kind of the tokens.
        size: Number of tokens with the special ones.
        min_count: The least count of a token.
        digits: Digits per group, for characters.

    Returns:
        The tokenizer.
    """
    trainer: trainers.Trainer
    if kind == "bpe":
        tokenizer = untrained(kind, models.BPE(unk_token=SPECIAL_TEXTS[UNK]))
        trainer = trainers.BpeTrainer(
            vocab_size=size or MOST_PIECES,
            min_frequency=min_count if size else max(min_count, LEARNED_FROM),
            special_tokens=SPECIAL_TEXTS,
            show_progress=False,
        )
    else:
        tokenizer = untrained(kind, models.WordLevel(unk_token=SPECIAL_TEXTS[UNK]), digits)
        trainer = trainers.WordLevelTrainer(
            vocab_size=size or NO_LIMIT,
            min_frequency=min_count,
            special_tokens=SPECIAL_TEXTS,
            show_progress=False,
        )
    tokenizer.train_from_iterator(texts, trainer)
    if size and tokenizer.get_vocab_size() > size:
        raise too_small(size, tokenizer.get_vocab_size())
    return without_added_tokens(tokenizer)


def without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer without its list of added tokens, which it would search for in texts first."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(content))


def unigram(texts: Iterable[str], size: int, min_count: int) -> Tokenizer:
    """A unigram tokenizer (Kudo, 2018).

    Args:
        texts: The texts.
        size: Number of tokens with the special ones.
        min_count: The least count of a word to learn from.

    Returns:
        The tokenizer.
    """
    cutter = untrained("unigram", models.Unigram())
    counts: Counter[str] = Counter()
    for text in texts:
        normal = cutter.normalizer.normalize_str(text)
        counts.update([word for word, _ in cutter.pre_tokenizer.pre_tokenize_str(normal)])
    alphabet = set().union(*counts)
    if len(alphabet) + len(SPECIALS) > size:
        raise too_small(size, len(alphabet) + len(SPECIALS))
    counts = Counter({word: count for word, count in counts.items() if count >= min_count})
    pieces = learn_pieces(counts, alphabet, size - len(SPECIALS)) if counts else []
    return untrained(
        "unigram", models.Unigram([*((name, 0.0) for name in SPECIAL_TEXTS), *pieces], unk_id=UNK)
    )


def too_small(size: int, needed: int) -> ConfigurationError:
    """The error for a vocabulary that cannot hold all characters."""
    return ConfigurationError(
        f"a vocabulary of size {size:,} cannot hold every character of the texts; "
        f"at least {needed:,} are needed, the special tokens included"
    )
