"""Made-up predictions and right answers for the tests of metrics."""

import random

WORDS = [
    "a",
    "dog",
    "the",
    "cat",
    "sits,",
    "runs",
    "over,",
    "(new)",
    "mat.",
    "Tree",
    "it's",
    "3.5",
    "blue-green",
]


def made_sentence(draw: random.Random, longest: int = 12) -> str:
    return " ".join(draw.choices(WORDS, k=draw.randrange(1, longest)))


def spoiled(text: str, draw: random.Random, rate: float) -> str:
    """The text with some of its words left out, replaced or written in capitals."""
    words = []
    for word in text.split():
        kept = draw.random() > rate
        words += [word] if kept else draw.choice([[], [draw.choice(WORDS)], [word.upper()]])
    return " ".join(words)


def made_examples(
    n: int, rate: float = 0.3, answers: int | None = 1, seed: int = 0
) -> tuple[list[str], list[list[str]]]:
    """Predictions and right answers; `answers` of them for each example, or one to three where None."""
    draw = random.Random(seed)
    references = [
        [made_sentence(draw) for _ in range(answers if answers is not None else draw.randrange(1, 4))]
        for _ in range(n)
    ]
    return [spoiled(draw.choice(texts), draw, rate) for texts in references], references
