"""How a program without jumok makes tokens of texts, and texts of tokens: lines of Python for the README."""

from typing import Any

SYLLABLES = "'\\uac00' <= c <= '\\ud7a3'"  # whole syllables of Hangul, which the kind jamo cuts into letters


def tokenizer_lines(*names: str) -> list[str]:
    """The lines that load the vocabulary of each of these fields, as `NAME_tokens`."""
    lines = ["import json", "import unicodedata", "from tokenizers import Tokenizer"]
    lines += ["def tokenizer(name):"]
    lines += ["    with open(f'{name}.vocabulary.json', encoding='utf-8') as file:"]
    lines += ["        return Tokenizer.from_str(json.dumps(json.load(file)['tokenizer']))"]
    return [*lines, f"tokens = {{name: tokenizer(name) for name in {list(dict.fromkeys(names))!r}}}"]


def encode_expression(codec: Any, name: str, text: str) -> str:
    """The expression that makes token numbers of a text, without an end mark.

    Args:
        codec: The codec of the text.
        name: The field.
        text: The expression of the text.

    Returns:
        The expression of a list.
    """
    clean = f"unicodedata.normalize('NFC', {text}.strip())"
    if codec.vocabulary.kind == "jamo":
        clean = f"''.join(unicodedata.normalize('NFD', c) if {SYLLABLES} else c for c in {clean})"
    ids = f"tokens[{name!r}].encode({clean}, add_special_tokens=False).ids"
    return f"{ids}[::-1]" if codec.backwards else ids


def decode_expression(codec: Any, name: str, ids: str) -> str:
    """The expression that makes a text of token numbers, special ones left out.

    Args:
        codec: The codec of the text.
        name: The field.
        ids: The expression of the token numbers.

    Returns:
        The expression of the text.
    """
    order = f"{ids}[::-1]" if codec.backwards else ids
    text = f"tokens[{name!r}].decode([i for i in {order} if i > 3], skip_special_tokens=False)"
    return f"unicodedata.normalize('NFC', {text})" if codec.vocabulary.kind == "jamo" else text
