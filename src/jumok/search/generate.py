"""Hypotheses that go their own way, one token a step: the loop that greedy search and sampling share."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from jumok.search.scoring import chunks, log_probabilities, normalized
from jumok.values import Decoder, Hypothesis, Memory, State


class TokenPicker(Protocol):
    """How a walker picks its next token."""

    def __call__(self, log_probability: Tensor, walkers: Tensor, step: int) -> Tensor:
        """Pick tokens (R,) by log_probability (R, V), for the walkers with the numbers `walkers` (R,)."""
        ...


class Sequences(NamedTuple):
    """The hypotheses that are on their way, and for a while some that have arrived.

    Those of one source stand side by side, N of them: one that has arrived keeps its place until it can be
    spared in every source. With `width` walkers to a source at first, walker w belongs to source w // width.
    """

    number: Tensor  # (B, N)
    max_tokens: Tensor  # (B,)
    finished: Tensor  # (B, N)
    log_probability: Tensor  # (B, N)
    tokens: Tensor  # (B, N, T), end mark included


def generate(
    decoder: Decoder,
    memory: Memory,
    bos: int,
    eos: int,
    limits: Tensor,  # (B,)
    choose: TokenPicker,
    width: int = 1,
    banned: tuple[int, ...] = (),
) -> list[list[Hypothesis]]:
    """Let `width` walkers start from each source; gives their hypotheses, best first.

    The first step runs once for a source. Walkers that have arrived leave the state as soon as they can.
    """
    answers: list[list[Hypothesis]] = [[] for _ in limits]
    if not answers:
        return answers
    logits, state = first_step(decoder, memory, bos, width)
    walkers = start_sequences(limits, width)
    for step in range(int(limits.max())):
        if step:
            logits, state = decoder.step(walkers.tokens[:, :, -1].flatten(), state)
        tokens, gains = next_tokens(logits, walkers.number.flatten(), step, choose, banned)
        before, walkers = walkers.finished, advance(walkers, tokens, gains, eos)
        arriving = walkers.finished & ~before
        if bool(arriving.any()):
            collect_sequences(answers, walkers, arriving, eos, width)
            if bool(walkers.finished.all()):
                break
            walkers, state = drop_finished(walkers, state)
    for hypotheses in answers:
        hypotheses.sort(key=lambda hypothesis: -hypothesis.score)
    return answers


def first_step(decoder: Decoder, memory: Memory, bos: int, width: int) -> tuple[Tensor, State]:
    """The logits (B * width, V) of the first token and the state after it, computed once for each source."""
    sources = torch.arange(len(memory.states), device=memory.states.device)
    logits, state = decoder.step(torch.full_like(sources, bos), decoder.start(memory))
    if width == 1:
        return logits, state
    rows = sources.repeat_interleave(width)
    return logits[rows], state.select(rows, sources)


def start_sequences(limits: Tensor, width: int) -> Sequences:
    """Empty sequences: `width` for each limit of tokens in `limits` (B,)."""
    shape, device = (len(limits), width), limits.device
    return Sequences(
        number=torch.arange(len(limits) * width, device=device).view(shape),
        max_tokens=limits,
        finished=torch.zeros(shape, dtype=torch.bool, device=device),
        log_probability=torch.zeros(shape, device=device),
        tokens=torch.zeros(*shape, 0, dtype=torch.long, device=device),
    )


def next_tokens(
    logits: Tensor, walkers: Tensor, step: int, choose: TokenPicker, banned: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """The tokens (R,) that walkers (R,) choose by logits (R, V), and their log-probabilities (R,)."""
    tokens, gains = [], []
    parts = chunks(logits)
    for part, here in zip(parts, walkers.split(len(parts[0])), strict=True):
        scores = log_probabilities(part, banned)
        tokens.append(choose(scores, here, step))
        gains.append(scores.gather(1, tokens[-1][:, None]).flatten())
    return torch.cat(tokens), torch.cat(gains)


def advance(walkers: Sequences, tokens: Tensor, gains: Tensor, eos: int) -> Sequences:
    """The walkers after tokens (R,), with log-probabilities `gains` (R,)."""
    tokens, gains = tokens.view_as(walkers.number), gains.view_as(walkers.number)
    full = walkers.max_tokens[:, None] <= walkers.tokens.shape[2] + 1
    return Sequences(
        walkers.number,
        walkers.max_tokens,
        walkers.finished | full | (tokens == eos),
        walkers.log_probability + gains,
        torch.cat([walkers.tokens, tokens[:, :, None]], dim=2),
    )


def collect_sequences(
    answers: list[list[Hypothesis]], walkers: Sequences, arriving: Tensor, eos: int, width: int
) -> None:
    """Add the walkers at `arriving` (B, N) to the answers of their sources."""
    numbers = walkers.number[arriving].tolist()
    totals = walkers.log_probability[arriving].tolist()
    for number, total, tokens in zip(numbers, totals, walkers.tokens[arriving].tolist(), strict=True):
        text = tokens[:-1] if tokens[-1] == eos else tokens
        answers[number // width].append(Hypothesis(text, normalized(total, len(tokens)), total))


def drop_finished(walkers: Sequences, state: State) -> tuple[Sequences, State]:
    """Drop the sources whose walkers have all arrived, and the places that no source needs any more."""
    under_way = ~walkers.finished
    sources = under_way.any(dim=1).nonzero().flatten()  # (B',)
    width = int(under_way.sum(dim=1).max())
    if (len(sources), width) == walkers.finished.shape:
        return walkers, state
    places = walkers.finished[sources].byte().argsort(dim=1, stable=True)[:, :width]  # (B', N')
    rows = sources[:, None] * walkers.finished.shape[1] + places
    here = (sources[:, None], places)
    kept = Sequences(
        walkers.number[here],
        walkers.max_tokens[sources],
        walkers.finished[here],
        walkers.log_probability[here],
        walkers.tokens[here],
    )
    return kept, state.select(rows.flatten(), sources)
