"""What computes the answers of a predictor: torch itself, or the runtime that a model was exported to."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

from jumok.choices import Precision
from jumok.data.text.specials import BANNED, BOS
from jumok.device import autocast
from jumok.kinds.searching import build_search
from jumok.model import EncoderDecoder
from jumok.search import Search
from jumok.values import Padded

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions


class Engine(Protocol):
    """Computes the numbers that heads make answers of; several threads may ask it at a time."""

    @property
    def model(self) -> EncoderDecoder:
        """The model in torch; raises RunError where it was exported."""
        ...

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        ...

    @property
    def decoders(self) -> Mapping[str, Any]:
        """What the head of each output calls: a decoder or head, or what stands for it."""
        ...

    def max_length(self, name: str) -> float:
        """The longest item that an input may have; math.inf for any."""
        ...

    def build_search(self, options: "DecodingOptions") -> Search:
        """The search that the options ask for."""
        ...

    def computing(self, precision: Precision) -> AbstractContextManager[Any]:
        """The context in which batches are computed."""
        ...

    def encode(self, batch: Mapping[str, Any]) -> Any:
        """What heads read of a collated batch: `Memories`, or what stands for them."""
        ...

    def token_log_probabilities(self, name: str, batch: Mapping[str, Any], written: Padded) -> Tensor:
        """The log-probability of each token of given texts.

        Args:
            name: The output.
            batch: A collated batch.
            written: The texts, each with its end mark.

        Returns:
            Log-probabilities (B, T); where there is no token they mean nothing.
        """
        ...


class TorchEngine:
    """A model in torch, put into evaluation mode."""

    def __init__(self, model: EncoderDecoder) -> None:
        self.model = model.eval()

    @property
    def device(self) -> torch.device:
        """The device of the model's weights."""
        return next(self.model.parameters()).device

    @property
    def decoders(self) -> Any:
        """Those of the model."""
        return self.model.decoders

    def max_length(self, name: str) -> float:
        """The longest item that the encoder of an input takes."""
        encoder: Any = self.model.encoders[name]
        limit: float = encoder.max_length
        return limit

    def build_search(self, options: "DecodingOptions") -> Search:
        """A search of our own, step by step."""
        return build_search(options, BANNED)

    def computing(self, precision: Precision) -> torch.autocast:
        """Products in this precision, if the device has it."""
        return autocast(self.device, precision)

    def encode(self, batch: Mapping[str, Any]) -> Any:
        """The memories of a batch."""
        return self.model.encode(batch)

    def token_log_probabilities(self, name: str, batch: Mapping[str, Any], written: Padded) -> Tensor:
        """The log-probabilities (B, T) of all tokens at once; see `Engine`."""
        decoder: Any = self.model.decoders[name]
        logits = decoder(tokens_read(written.values), self.encode(batch).joined)  # (B, T, V)
        return log_probabilities_of(logits, written.values)


def tokens_read(written: Tensor) -> Tensor:
    """What a decoder has read (B, T) when it writes tokens (B, T): the begin mark, then all but the last."""
    return torch.cat((torch.full_like(written[:, :1], BOS), written[:, :-1]), 1)


def log_probabilities_of(logits: Tensor, tokens: Tensor) -> Tensor:
    """The log-probabilities (B, T) of tokens (B, T), given logits (B, T, V)."""
    return logits.float().log_softmax(-1).gather(2, tokens[:, :, None])[:, :, 0]
