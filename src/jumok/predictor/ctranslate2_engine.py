"""CTranslate2 as the engine of a predictor: a Transformer from text to text, with the search of CTranslate2 itself."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from jumok.choices import Precision
from jumok.data.text.specials import BANNED
from jumok.deferred import import_extra
from jumok.errors import ConfigurationError, RunError
from jumok.model import EncoderDecoder
from jumok.predictor.exported import CPU, EXPORT_AGAIN, ExportDescription, length_limit, no_torch_model
from jumok.search import Search, SearchRequest
from jumok.values import Hypothesis, Memories, Memory, Padded

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions

CTRANSLATE2_FILES = "ctranslate2"  # the folder within that of the exported model
NEVER_WRITTEN = [[str(token)] for token in BANNED]


class CTranslate2Engine:
    """A model in CTranslate2, whose tokens are called by their numbers."""

    def __init__(self, folder: Path, description: ExportDescription) -> None:
        package = import_extra("ctranslate2", "export", f"{folder}, a model for CTranslate2,")
        self.folder, self.description = folder, description
        try:
            self.translator = package.Translator(
                str(folder / CTRANSLATE2_FILES),
                intra_threads=torch.get_num_threads(),
                compute_type=compute_type(description.quantize, package.get_supported_compute_types("cpu")),
            )
        except (RuntimeError, ValueError, KeyError, MemoryError) as error:
            raise RunError(
                f"{folder / CTRANSLATE2_FILES} cannot be loaded ({error}); {EXPORT_AGAIN}"
            ) from None
        self.device = CPU
        self.decoders = dict.fromkeys(description.outputs, self.translator)

    @property
    def model(self) -> EncoderDecoder:
        """There is none in torch."""
        raise no_torch_model(self.folder)

    def max_length(self, name: str) -> float:
        """The longest text of an input, in tokens."""
        return length_limit(self.description, name)

    def build_search(self, options: "DecodingOptions") -> Search:
        """Greedy or beam search; sampling is not by example there, so that batches would change answers."""
        if options.method == "sample":
            raise ConfigurationError(
                f"{self.folder} answers by beam or greedy search; for --method sample name the run"
            )
        if options.method == "greedy":
            return TranslatorSearch(1, 1.0, 1)
        return TranslatorSearch(max(options.beam, options.best), options.length_penalty, options.best)

    def computing(self, precision: Precision) -> nullcontext[None]:
        """Nothing: the precision is that of the exported weights."""
        return nullcontext()

    def encode(self, batch: Mapping[str, Any]) -> Memories:
        """The tokens of the only input: CTranslate2 encodes them when it searches."""
        return Memories({name: Memory(one.values, one.valid, one.values) for name, one in batch.items()})

    def token_log_probabilities(self, name: str, batch: Mapping[str, Any], written: Padded) -> Tensor:
        """The log-probabilities (B, T) of the tokens of given texts; see `Engine`."""
        (source,) = batch.values()
        targets = [tokens[:-1] for tokens in token_rows(written)]  # the end mark is scored by itself
        scored = self.translator.score_batch(token_rows(source), targets)
        found = torch.zeros(written.values.shape)
        for row, one in zip(found, scored, strict=True):
            row[: len(one.log_probs)] = torch.tensor(one.log_probs)
        return found


def compute_type(quantize: str, supported: Collection[str]) -> str:
    """What products are computed in: fp32 for int16 where the processor's library lacks it, not int8 in its place."""
    return "float32" if quantize == "int16" and quantize not in supported else "default"


@dataclass(frozen=True)
class TranslatorSearch:
    """The search of CTranslate2; the memory that it is given holds tokens, the decoder is the translator."""

    beam: int
    length_penalty: float
    best: int

    def __call__(self, decoder: Any, memory: Memory, request: SearchRequest) -> list[list[Hypothesis]]:
        """Give the best answers of each source, best first; see `Search`."""
        found = decoder.translate_batch(
            token_rows(Padded(memory.states, memory.valid)),
            beam_size=self.beam,
            num_hypotheses=self.best,
            length_penalty=self.length_penalty,
            max_decoding_length=limit_of(request.max_tokens),
            min_decoding_length=0,
            return_scores=True,
            return_end_token=True,
            suppress_sequences=NEVER_WRITTEN,
        )
        return [
            [self.hypothesis(*one, request.eos) for one in zip(row.hypotheses, row.scores, strict=True)]
            for row in found
        ]

    def hypothesis(self, tokens: Sequence[str], score: float, eos: int) -> Hypothesis:
        """An answer of CTranslate2, whose end mark is there where it has ended."""
        numbers = [int(token) for token in tokens]
        log_probability = score * len(numbers) ** self.length_penalty
        return Hypothesis(numbers[:-1] if numbers[-1:] == [eos] else numbers, score, log_probability)


def token_rows(tokens: Padded) -> list[list[str]]:
    """The tokens of each row, as CTranslate2 calls them."""
    rows = zip(tokens.values, tokens.valid, strict=True)
    return [[str(token) for token in row[real].tolist()] for row, real in rows]


def limit_of(max_tokens: Tensor | int) -> int:
    """The most tokens of an answer, the same for all sources."""
    return int(torch.as_tensor(max_tokens).max())
