"""The loop that greedy search and sampling share: independent sequences, one token per step."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from jumok.search.protocol import SearchRequest
from jumok.search.scoring import chunks, log_probabilities, normalized
from jumok.values import Decoder, Hypothesis, Memory, State


class TokenPicker(Protocol):
    """Picks the next token of each sequence."""

    def __call__(self, log_probability: Tensor, walkers: Tensor, step: int) -> Tensor:
        """Pick tokens (R,) by log_probability (R, V), for the walkers with the numbers `walkers` (R,)."""
        ...


class Sequences(NamedTuple):
    """The sequences of all sources, some of which may be finished.

    The N sequences of one source are placed side by side: a finished one stays until it can be removed in every
    source. Sequence number w belongs to source w // width.
    """

    number: Tensor  # (B, N)
    max_tokens: Tensor  # (B,)
    finished: Tensor  # (B, N)
    log_probability: Tensor  # (B, N)
    tokens: Tensor  # (B, N, T), end mark included


def generate(
    decoder: Decoder,
    memory: Memory,
    request: SearchRequest,
    choose: TokenPicker,
    width: int = 1,
    banned: tuple[int, ...] = (),
) -> list[list[Hypothesis]]:
    """Generate `width` sequences for each source.

    The first step is computed once per source. Finished sequences leave the state as soon as possible.

    Args:
        decoder: The decoder.
        memory: The memory of B sources.
        request: Begin mark, end mark and limits of the sources.
        choose: Picks the next tokens.
        width: Sequences per source.
        banned: Tokens that are never generated.

    Returns:
        The hypotheses of each source, best first.
    """
    limits, eos = request.limits(memory), request.eos
    answers: list[list[Hypothesis]] = [[] for _ in limits]
    if not answers:
        return answers
    logits, state = first_step(decoder, memory, request.bos, width)
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
    """The first step, computed once per source.

    Args:
        decoder: The decoder.
        memory: The memory of B sources.
        bos: The begin mark.
        width: Sequences per source.

    Returns:
        Logits of the first token (B * width, V) and the state after the begin mark.
    """
    sources = torch.arange(len(memory.states), device=memory.states.device)
    logits, state = decoder.step(torch.full_like(sources, bos), decoder.start(memory))
    if width == 1:
        return logits, state
    rows = sources.repeat_interleave(width)
    return logits[rows], state.select(rows, None)


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
    """Pick the next token of each sequence.

    Args:
        logits: Logits of the next token (R, V).
        walkers: Numbers of the sequences (R,).
        step: Index of the step.
        choose: Picks tokens.
        banned: Tokens that are never generated.

    Returns:
        The tokens (R,) and their log-probabilities (R,).
    """
    tokens, gains = [], []
    parts = chunks(logits)
    for part, here in zip(parts, walkers.split(len(parts[0])), strict=True):
        scores = log_probabilities(part, banned)
        tokens.append(choose(scores, here, step))
        gains.append(scores.gather(1, tokens[-1][:, None]).flatten())
    return torch.cat(tokens), torch.cat(gains)


def advance(walkers: Sequences, tokens: Tensor, gains: Tensor, eos: int) -> Sequences:
    """Append a token to each sequence.

    Args:
        walkers: The sequences.
        tokens: The next tokens (R,).
        gains: Their log-probabilities (R,).
        eos: The end mark.

    Returns:
        The longer sequences.
    """
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
    """Add finished sequences to the answers of their sources.

    Args:
        answers: The answers of each source, extended in place.
        walkers: The sequences.
        arriving: Which of them have just finished (B, N).
        eos: The end mark.
        width: Sequences per source at the start.
    """
    numbers = walkers.number[arriving].tolist()
    totals = walkers.log_probability[arriving].tolist()
    for number, total, tokens in zip(numbers, totals, walkers.tokens[arriving].tolist(), strict=True):
        text = tokens[:-1] if tokens[-1] == eos else tokens
        answers[number // width].append(Hypothesis(text, normalized(total, len(tokens)), total))


def drop_finished(walkers: Sequences, state: State) -> tuple[Sequences, State]:
    """Remove sources whose sequences are all finished, and places that no source needs any more."""
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
    return kept, state.select(rows.flatten(), None if len(sources) == len(under_way) else sources)
