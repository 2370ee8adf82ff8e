"""Texts to the numbers of their tokens and back."""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

PAD, UNK, BOS, EOS = range(4)  # the special tokens of every vocabulary


class Texts:
    """The texts of one input or output, as model.json tells them."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        from tokenizers import Tokenizer

        vocabulary = json.loads((folder / about["vocabulary"]).read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.from_str(json.dumps(vocabulary["tokenizer"]))
        self.backwards, self.is_jamo = about["backwards"], about["jamo"]

    def numbers(self, text: str, limit: int | None) -> list[int]:
        """The numbers of the tokens of a text, the end mark last; ValueError where there are more than `limit`."""
        clean = clean_text(text)
        if self.is_jamo:
            clean = "".join(map(letters_of, clean))
        numbers = self.tokenizer.encode(clean, add_special_tokens=False).ids
        if limit is not None and len(numbers) >= limit:
            raise ValueError(f"a text has {len(numbers) + 1} tokens, but the model has positions for {limit}")
        return [*(reversed(numbers) if self.backwards else numbers), EOS]

    def text(self, numbers: Iterable[int]) -> str:
        """The text of token numbers, special ones left out."""
        ordinary = [number for number in numbers if number > EOS]
        text: str = self.tokenizer.decode(
            ordinary[::-1] if self.backwards else ordinary, skip_special_tokens=False
        )
        return unicodedata.normalize("NFC", text) if self.is_jamo else text


def clean_text(text: str) -> str:
    """A text in Unicode NFC, without blanks at the ends and byte order marks."""
    return unicodedata.normalize("NFC", text.replace("\ufeff", "")).strip()


def letters_of(character: str) -> str:
    """The letters of a syllable of Hangul; any other character is itself."""
    return unicodedata.normalize("NFD", character) if "\uac00" <= character <= "\ud7a3" else character
