"""A model of CTranslate2: texts to tokens, tokens through the translator, and texts of what it writes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jumok.exporting.beside.texts import BOS, PAD, UNK, Texts

NEVER_WRITTEN = [[str(token)] for token in (PAD, UNK, BOS)]


def load(folder: str | Path | None = None) -> "Model":
    """The model of a folder; by default that of this file."""
    return Model(Path(folder or Path(__file__).parent))


class Model:
    """An exported model, in CTranslate2."""

    def __init__(self, folder: Path) -> None:
        import ctranslate2

        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        ((_, read),), ((self.name, written),) = about["inputs"].items(), about["outputs"].items()
        self.source, self.target = (Texts(folder, one["details"]) for one in (read, written))
        self.details, self.limit = written["details"], read["max_length"]
        lacking = "int16" not in ctranslate2.get_supported_compute_types("cpu")
        compute = (
            "float32" if about["quantize"] == "int16" and lacking else "default"
        )  # not int8 in its place
        self.translator = ctranslate2.Translator(str(folder / "ctranslate2"), compute_type=compute)

    def predict(self, values: Sequence[str]) -> list[dict[str, Any]]:
        """The answer to each text, by output."""
        return [self.answer(text) for text in values]

    def answer(self, text: str) -> dict[str, Any]:
        """The answer to one text."""
        if not text.strip():
            return {self.name: {"text": ""}}
        numbers = self.source.numbers(text, self.limit)
        (found,) = self.translator.translate_batch(
            [list(map(str, numbers))],
            beam_size=self.details["beam"],
            length_penalty=self.details["length_penalty"],
            max_decoding_length=self.details["max_tokens"],
            min_decoding_length=0,
            return_scores=True,
            return_end_token=True,
            suppress_sequences=NEVER_WRITTEN,
        )
        return {
            self.name: {"text": self.target.text(map(int, found.hypotheses[0])), "score": found.scores[0]}
        }
