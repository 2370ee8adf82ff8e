"""What a new experiment file says of a text."""

from pathlib import Path

from jumok.kinds.made_up import COUNT_WORDS, MadeUp
from jumok.kinds.templates import Template

KOREAN = {
    "circle": "원",
    "square": "네모",
    "triangle": "세모",
    "red": "빨간",
    "green": "초록",
    "blue": "파란",
    "yellow": "노란",
    "black": "검은",
    "white": "하얀",
}
KOREAN_COUNTS = ("한", "두", "세", "네")

INPUT_ENTRY = """\
  {name}: {{kind: text, encoder: {{kind: transformer, layers: 3}}}}   # or rnn, lstm, gru
"""
OUTPUT_ENTRY = """\
  {name}:
    kind: text
    decoder: {{kind: transformer, layers: 3}}   # or rnn, lstm, gru with attention: none | additive | dot
"""


def korean_phrase(one: MadeUp, folder: Path) -> str:
    """An example in Korean."""
    count = KOREAN_COUNTS[one.amount - 1]
    return f"{KOREAN[one.ground]} 바탕에 {KOREAN[one.colour]} {KOREAN[one.shape]} {count} 개"


def english_phrase(one: MadeUp, folder: Path) -> str:
    """An example in English."""
    return f"{COUNT_WORDS[one.amount - 1]} {one.colour} {one.shape}{'s' if one.amount > 1 else ''} on {one.ground}"


INPUT_TEMPLATE = Template("source", INPUT_ENTRY, cell=korean_phrase)
OUTPUT_TEMPLATE = Template("target", OUTPUT_ENTRY, cell=english_phrase)
