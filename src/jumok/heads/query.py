"""A detection head of object queries: each attends to the memory and predicts one object or none."""

from math import log, pi
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from jumok.attention.multihead import MultiHeadAttention, in_compute_dtype
from jumok.dropout import Dropout
from jumok.geometry import clip, from_centre
from jumok.layers.feedforward import FeedForward
from jumok.layers.query import QueryLayer
from jumok.values import Detections, Memory

PRIOR = 0.01  # what a score is before training: few queries find an object
INITIAL_SIZE = 0.2  # of the image, of a box before training
MAX_WAVELENGTH, MIN_WAVELENGTH = 2.0, 1 / 32  # wavelengths in images


class QueryBoxes(NamedTuple):
    """The predictions of the object queries: the initial ones, then those after each layer."""

    logits: Tensor  # (L, B, Q, C)
    boxes: Tensor  # (L, B, Q, 4)
    valid: Tensor  # (B, Q), False for queries that found no place to start from
    valid_size: Tensor  # (B, 2), height and width of the real part of each image

    @property
    def last(self) -> "QueryBoxes":
        """Those after the last layer alone, which answers are made of."""
        return self._replace(logits=self.logits[-1:], boxes=self.boxes[-1:])

    def scores(self) -> Tensor:
        """The score of each class for each query (B, Q, C), 0 to 1."""
        return self.logits[-1].float().sigmoid() * self.valid[..., None]

    def detect(self, threshold: float = 0.0, most: int = 100) -> list[Detections]:
        """The detections of each image: pairs of query and class, the highest score first.

        Args:
            threshold: Detections have a higher score.
            most: The most detections of an image.

        Returns:
            Detections for each image.
        """
        images = zip(self.scores(), self.boxes[-1].float(), self.valid_size.tolist(), strict=True)
        return [top_queries(*image, threshold, most) for image in images]


class BoxPredictor(nn.Module):
    """Predicts class logits from states (..., D), and how the reference box of each moves."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.score = nn.Linear(width, classes)
        self.box = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))
        nn.init.constant_(self.score.bias, log(PRIOR / (1 - PRIOR)))
        for parameter in self.box[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, states: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (..., C), and the box as logits (..., 4) of centre and size, moved from `reference` (..., 4)."""
        states = self.norm(states)
        with torch.autocast(
            states.device.type, enabled=False
        ):  # a box needs more than the eight bits of bf16
            moved = reference + self.box(states.to(reference.dtype))
        return self.score(states), moved


class QueryBoxHead(nn.Module):
    """A decoder of object queries, which start at the places of the memory with the highest class scores.

    As in DETR (Carion et al., 2020), at most one query predicts an object, so that no suppression is needed. To learn
    from few images, queries start at places of the image (two-stage: Zhu et al., 2021), the attention gets their
    positions, and each layer refines the box (DAB-DETR: Liu et al., 2022).
    """

    def __init__(
        self,
        width: int,
        heads: int,
        classes: int,
        queries: int = 100,
        layers: int = 3,
        feedforward: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        """`feedforward` is the inner width of a layer, four times the width by default."""
        super().__init__()
        if width % 4:
            raise ValueError(f"a place needs a width that is a multiple of 4; got {width}")
        self.width, self.queries = width, queries
        self.first = BoxPredictor(width, classes)
        self.content = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.extent = nn.Linear(width, width)
        inner = feedforward or 4 * width
        self.layers: Any = nn.ModuleList(
            QueryLayer(
                width,
                MultiHeadAttention(width, heads, dropout),
                init_keys_as_queries(MultiHeadAttention(width, heads, dropout)),
                FeedForward(width, inner, dropout=dropout),
                dropout,
            )
            for _ in range(layers)
        )
        self.answers = nn.ModuleList(BoxPredictor(width, classes) for _ in range(layers))
        self.dropout = Dropout(dropout)

    def forward(self, memory: Memory) -> QueryBoxes:
        """The predictions of `queries` queries, or of as many as the memory has states, if those are fewer."""
        places, shown = places_in_image(memory)  # (B, S, 2), (B, 2)
        states, reference, valid, found = self.start(memory, places)
        placed = in_compute_dtype(memory.states + sine_embedding(places, self.width))  # (B, S, D)
        among, allowed = valid[:, None, None, :], memory.valid[:, None, None, :]
        answers = [found]
        for layer, answer in zip(self.layers, self.answers, strict=True):
            box = reference.sigmoid()
            stand = sine_embedding(box[..., :2], self.width) + self.extent(
                sine_embedding(box[..., 2:], self.width)
            )
            states = layer(states, stand, placed, among, allowed)
            logits, moved = answer(states, reference)
            answers.append((logits, moved))
            reference = moved.detach()  # each layer learns its own move
        logits, boxes = (torch.stack(part) for part in zip(*answers, strict=True))
        scale = shown.flip(-1).repeat(1, 2)[:, None]  # (B, 1, 4)
        return QueryBoxes(logits, from_centre(boxes.sigmoid() * scale), valid, shown)

    def start(self, memory: Memory, places: Tensor) -> tuple[Tensor, Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Initial states (B, Q, D) and reference boxes (B, Q, 4), which queries are valid, and their predictions."""
        edges = torch.full_like(places, INITIAL_SIZE)
        anchors = torch.cat((places, edges), -1).logit(eps=1e-3)  # (B, S, 4)
        logits, boxes = self.first(memory.states, anchors)
        likely = logits.detach().float().amax(-1).masked_fill(~memory.valid, -torch.inf)  # (B, S)
        # (B, Q); ties in one order
        best = likely.sort(descending=True, stable=True).indices[:, : self.queries]
        valid = memory.valid.gather(1, best)
        states = self.dropout(self.content(gather_rows(memory.states, best)))
        found = gather_rows(logits, best), gather_rows(boxes, best)
        return states, found[1].detach(), valid, found

    @torch.no_grad()
    def detect(self, found: QueryBoxes, threshold: float = 0.0, most: int = 100) -> list[Detections]:
        """The detections of each image: pairs of query and class, the highest score first.

        Args:
            found: The predictions of all queries.
            threshold: Detections have a higher score.
            most: The most detections of an image.

        Returns:
            Detections for each image.
        """
        return found.detect(threshold, most)

    def scores(self, found: QueryBoxes) -> Tensor:
        """The score of each class for each query (B, Q, C), 0 to 1."""
        return found.scores()


def init_keys_as_queries(attention: MultiHeadAttention) -> MultiHeadAttention:
    """Start with equal projections of queries and keys: a query attends to its own place and to similar ones."""
    attention.key.load_state_dict(attention.query.state_dict())
    return attention


def places_in_image(memory: Memory) -> tuple[Tensor, Tensor]:
    """Positions of the states relative to the real image, without padding.

    Returns x and y (B, S, 2) in 0..1, and the height and width of each image (B, 2). The padding of a batch must not
    change where a state is.
    """
    if memory.pyramid is None or memory.places is None:
        raise ValueError("object queries need a memory of an image, with places; this memory has none")
    shown = memory.pyramid.valid_size.to(memory.places.dtype)
    return memory.places / shown.flip(-1)[:, None], shown


def sine_embedding(values: Tensor, width: int) -> Tensor:
    """Sines and cosines (..., width) of pairs of numbers (..., 2) in 0..1; each number gets half of the width."""
    number = width // 4
    steps = torch.arange(number, device=values.device, dtype=values.dtype) / max(number - 1, 1)
    rates = 2 * pi / MAX_WAVELENGTH * (MAX_WAVELENGTH / MIN_WAVELENGTH) ** steps  # (width / 4,)
    angles = values[..., None] * rates  # (..., 2, width / 4)
    return torch.cat((angles.sin(), angles.cos()), -1).flatten(-2)


def gather_rows(values: Tensor, index: Tensor) -> Tensor:
    """The rows `index` (B, Q) of values (B, S, C), as (B, Q, C)."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def top_queries(scores: Tensor, boxes: Tensor, shown: list[float], threshold: float, most: int) -> Detections:
    """The detections of one image.

    Args:
        scores: Score of each class for each query (Q, C).
        boxes: Boxes of the queries in pixels (Q, 4).
        shown: Height and width of the real image in pixels.
        threshold: Detections have a higher score.
        most: The most detections.

    Returns:
        The detections, the highest score first.
    """
    height, width = shown
    score, order = scores.flatten().sort(descending=True, stable=True)
    order = order[:most][score[:most] > threshold]
    query, label = order // scores.shape[1], order % scores.shape[1]
    return Detections(clip(boxes[query], int(width), int(height)), scores[query, label], label, query)
