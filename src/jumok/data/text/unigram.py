"""Learns the subwords of a unigram vocabulary (Kudo, 2018), deterministically.

The trainer of `tokenizers` iterates over randomly seeded hash maps: sums of scores differ in their last bits and tied
pieces change places, so that two runs on one text disagree. Here all words are in sorted arrays. Substrings are counted
with the counts of their words, so that a frequent word that is part of no other one can be a piece: Multi30k with 8,000
pieces takes 16 % fewer tokens.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

LONGEST_PIECE = 16
LONGEST_WORD = 32  # longer ones are cut for learning, so that a product of probabilities never underflows
LEARN_FROM = 2_000_000  # characters of distinct words, the most frequent first: bounds memory to about 1.5 GB
SEEDS = 8  # pieces to begin with for each that is wanted; with 2 or 16 texts get longer
SHRINK = 0.75  # share of the pieces that stays in each round
MIN_PROBABILITY = 1e-9  # probability that a single character keeps, so that every word can be written


class Words(NamedTuple):
    """Distinct words in one array of characters, with their counts."""

    codes: np.ndarray  # (C,) code point of each character
    counts: np.ndarray  # (W,) how often each word was seen
    lengths: np.ndarray  # (W,)


class Occurrences(NamedTuple):
    """Where pieces occur in the words."""

    position: np.ndarray  # (E,) the character each begins at
    length: np.ndarray  # (E,)
    piece: np.ndarray  # (E,) number of the piece


class Pieces(NamedTuple):
    """Pieces, each described by one place where it occurs."""

    position: np.ndarray  # (P,)
    length: np.ndarray  # (P,)
    seen: np.ndarray  # (P,) how often it was seen, a word with count 5 counting five times


class Lattice(NamedTuple):
    """All segmentations of some strings: one edge for each place where a piece fits."""

    first: np.ndarray  # (W,) the node before each string
    last: np.ndarray  # (W,) the node after it
    start: np.ndarray  # (E,) the node an edge leaves
    end: np.ndarray  # (E,) the node it reaches; edges are sorted by depth, the distance of `end` from `first`
    piece: np.ndarray  # (E,)
    depth: np.ndarray  # (E,)


def learn_pieces(words: Mapping[str, int], alphabet: set[str], size: int) -> list[tuple[str, float]]:
    """Learn the pieces of a unigram vocabulary by EM and pruning (Kudo, 2018).

    Args:
        words: Words with their counts.
        alphabet: Characters that must be pieces.
        size: Number of pieces; there are fewer if the words do not have as many.

    Returns:
        Pieces with their log-probabilities, the most probable first.
    """
    table = lay_out(words)
    pieces, places = seed_pieces(table, SEEDS * size)
    probability = pieces.seen * pieces.length / (pieces.seen * pieces.length).sum()
    cuts, inner = word_lattice(table, places), piece_lattice(pieces, places)
    single = pieces.length == 1
    wanted = size - len(alphabet) + int(single.sum())
    enough = int(wanted * 1.1)
    while True:
        for _ in range(2):
            expected = expected_counts(cuts, probability, table.counts)
            probability = maximized(expected, single)
        alive = int((probability > 0).sum())
        if alive <= enough:
            break
        target = max(enough, int(alive * SHRINK))
        probability = pruned(inner, probability, expected, single, target)
        cuts, inner = without_dropped(cuts, probability), without_dropped(inner, probability)
    probability = likeliest(probability, single, wanted)
    return ranked(table, pieces, probability, alphabet)


def lay_out(words: Mapping[str, int]) -> Words:
    """Words in a fixed order, the most frequent first, cut to what fits into memory."""
    parts: list[str] = []
    counts: list[int] = []
    room = LEARN_FROM
    for word, count in sorted(words.items(), key=lambda item: (-item[1], item[0])):
        for i in range(0, len(word), LONGEST_WORD):
            parts.append(word[i : i + LONGEST_WORD])
            counts.append(count)
        room -= len(word)
        if room <= 0:
            break
    codes = np.frombuffer("".join(parts).encode("utf-32-le"), np.uint32)
    return Words(codes, np.array(counts, np.float64), np.array([len(part) for part in parts], np.int64))


def seed_pieces(table: Words, limit: int) -> tuple[Pieces, Occurrences]:
    """All characters, and the substrings that cover most text, unless always followed by the same character."""
    weight = np.repeat(table.counts, table.lengths)
    ends = np.repeat(table.lengths.cumsum(), table.lengths)
    left = ends - np.arange(len(table.codes))  # characters from here to the end of the word
    characters = np.unique(table.codes, return_inverse=True)[1].astype(np.int64)  # (C,)
    radix = int(characters.max()) + 1
    number, positions = characters, np.arange(len(characters))
    levels: list[tuple[Pieces, Occurrences]] = []
    for length in range(1, LONGEST_PIECE + 1):
        _, first, number = np.unique(number, return_index=True, return_inverse=True)
        count = np.bincount(number, weights=weight[positions])
        level = Pieces(positions[first], np.full(len(first), length), count)
        levels.append((level, Occurrences(positions, np.full(len(positions), length, np.int8), number)))
        longer = (left[positions] > length) & (count[number] >= 2)
        positions, number = positions[longer], number[longer]
        if not len(positions):
            break
        number = number * radix + characters[positions + length]
    return best_of(levels, limit)


def best_of(levels: list[tuple[Pieces, Occurrences]], limit: int) -> tuple[Pieces, Occurrences]:
    """Join the substrings of every length, keep the best ones and renumber them."""
    offsets = np.cumsum([0] + [len(pieces.seen) for pieces, _ in levels])
    pieces = Pieces(*(np.concatenate(column) for column in zip(*(p for p, _ in levels), strict=True)))
    places = Occurrences(
        np.concatenate([o.position for _, o in levels]),
        np.concatenate([o.length for _, o in levels]),
        np.concatenate([o.piece + offset for (_, o), offset in zip(levels, offsets, strict=False)]),
    )
    follower = np.zeros(len(pieces.seen))  # count of the most frequent substring that is one character longer
    for (_, here), (_, there), offset, beyond in zip(levels, levels[1:], offsets, offsets[1:], strict=False):
        prefix = here.piece[np.searchsorted(here.position, there.position)] + offset
        np.maximum.at(follower, prefix, pieces.seen[there.piece + beyond])
    useful = (pieces.seen >= 2) & (follower < pieces.seen)
    score = np.where(useful, pieces.seen * pieces.length, 0)
    score[pieces.length == 1] = np.inf
    order = np.argsort(-score, kind="stable")[: max(limit, int((pieces.length == 1).sum()))]
    order = np.sort(order[score[order] > 0])
    number = np.full(len(score), -1)
    number[order] = np.arange(len(order))
    kept = number[places.piece] >= 0
    places = Occurrences(places.position[kept], places.length[kept], number[places.piece[kept]])
    return Pieces(*(column[order] for column in pieces)), places


def word_lattice(table: Words, places: Occurrences) -> Lattice:
    """The segmentations of every word: nodes are between characters, before the first and after the last."""
    word = np.repeat(np.arange(len(table.lengths)), table.lengths)
    ends = table.lengths.cumsum() + np.arange(len(table.lengths))
    first = ends - table.lengths
    start = places.position + word[places.position]
    return sorted_lattice(first, ends, start, start + places.length, places.piece, word[places.position])


def piece_lattice(pieces: Pieces, places: Occurrences) -> Lattice:
    """The segmentations of every piece into smaller ones, which would replace it if it were dropped."""
    key = places.position * (LONGEST_PIECE + 1) + places.length
    order = np.argsort(key)
    key, piece = key[order], places.piece[order]
    ends = pieces.length.cumsum() + np.arange(len(pieces.length))
    first = ends - pieces.length
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    for length in range(1, LONGEST_PIECE):
        for shift in range(LONGEST_PIECE - length + 1):
            owner = np.flatnonzero(pieces.length >= max(shift + length, length + 1))
            wanted = (pieces.position[owner] + shift) * (LONGEST_PIECE + 1) + length
            at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
            there = key[at] == wanted
            owner, at = owner[there], at[there]
            start = first[owner] + shift
            found.append((start, start + length, piece[at], owner))
    start, end, number, owner = (np.concatenate(column) for column in zip(*found, strict=True))
    return sorted_lattice(first, ends, start, end, number, owner)


def sorted_lattice(
    first: np.ndarray,
    last: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    piece: np.ndarray,
    owner: np.ndarray,
) -> Lattice:
    """Build a lattice with its edges sorted by depth.

    Args:
        first: First node of each string.
        last: Last node of each string.
        start: Start node of each edge (E,).
        end: End node of each edge (E,).
        piece: Piece of each edge (E,).
        owner: String that each edge belongs to (E,).

    Returns:
        The lattice.
    """
    depth = end - first[owner]
    order = np.lexsort((start, end, depth))
    return Lattice(first, last, start[order], end[order], piece[order], depth[order])


def without_dropped(lattice: Lattice, probability: np.ndarray) -> Lattice:
    """The lattice without the edges of dropped pieces."""
    kept = probability[lattice.piece] > 0
    edges = (column[kept] for column in lattice[2:])
    return Lattice(lattice.first, lattice.last, *edges)


def groups(lattice: Lattice) -> list[slice]:
    """The edges of each depth; within one group no edge continues another."""
    bounds = np.searchsorted(lattice.depth, np.arange(1, lattice.depth.max(initial=0) + 2))
    return [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def forward_probability(lattice: Lattice, probability: np.ndarray) -> np.ndarray:
    """The probability (N,) of everything before each node, summed over all segmentations."""
    alpha = np.zeros(int(lattice.last[-1]) + 1)
    alpha[lattice.first] = 1
    for edges in groups(lattice):
        gain = alpha[lattice.start[edges]] * probability[lattice.piece[edges]]
        np.add.at(alpha, lattice.end[edges], gain)
    return alpha


def backward(lattice: Lattice, probability: np.ndarray) -> np.ndarray:
    """The probability (N,) of everything after each node, summed over all segmentations."""
    beta = np.zeros(int(lattice.last[-1]) + 1)
    beta[lattice.last] = 1
    for edges in reversed(groups(lattice)):
        gain = beta[lattice.end[edges]] * probability[lattice.piece[edges]]
        np.add.at(beta, lattice.start[edges], gain)
    return beta


def expected_counts(lattice: Lattice, probability: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The E-step: how often each piece is used, expected over all segmentations.

    Args:
        lattice: The segmentations of the words.
        probability: Probability of each piece (P,).
        counts: Count of each word.

    Returns:
        Expected counts (P,).
    """
    alpha, beta = forward_probability(lattice, probability), backward(lattice, probability)
    scale = np.repeat(counts / alpha[lattice.last], lattice.last - lattice.first + 1)  # (N,)
    share = alpha[lattice.start] * beta[lattice.end] * scale[lattice.start] * probability[lattice.piece]
    return np.bincount(lattice.piece, weights=share, minlength=len(probability))


def maximized(expected: np.ndarray, single: np.ndarray) -> np.ndarray:
    """The M-step: probabilities (P,) from expected counts; rare pieces get 0, characters stay.

    The half that is subtracted is the sparse prior of variational EM: exp(digamma(c)) is close to c - 1/2.
    """
    mass = np.maximum(expected - 0.5, 0.0)
    mass = np.where(single, np.maximum(mass, mass.sum() * MIN_PROBABILITY + MIN_PROBABILITY), mass)
    return mass / mass.sum()


def pruned(
    inner: Lattice, probability: np.ndarray, expected: np.ndarray, single: np.ndarray, target: int
) -> np.ndarray:
    """Drop the pieces whose loss reduces the likelihood of the text least.

    Args:
        inner: The segmentations of pieces into smaller ones.
        probability: Probability of each piece (P,).
        expected: Expected count of each piece (P,).
        single: Which pieces are characters and stay (P,).
        target: Number of pieces to keep.

    Returns:
        Probabilities (P,), 0 for dropped pieces.
    """
    # (P,) probability of writing it with other pieces
    instead = forward_probability(inner, probability)[inner.last]
    alive = probability > 0
    with np.errstate(divide="ignore"):
        loss = expected * (np.log(np.where(alive, probability, 1.0)) - np.log(instead))
    loss = np.where(alive & ~single, loss, -np.inf)
    loss[single] = np.inf
    kept = np.argsort(-loss, kind="stable")[:target]
    smaller = np.zeros_like(probability)
    smaller[kept] = probability[kept]
    return smaller / smaller.sum()


def likeliest(probability: np.ndarray, single: np.ndarray, number: int) -> np.ndarray:
    """Drop all but the most probable pieces.

    Args:
        probability: Probability of each piece (P,).
        single: Which pieces are characters and stay (P,).
        number: Number of pieces to keep.

    Returns:
        Probabilities (P,), 0 for dropped pieces.
    """
    kept = np.argsort(-np.where(single, np.inf, probability), kind="stable")[:number]
    smaller = np.zeros_like(probability)
    smaller[kept] = probability[kept]
    return smaller / smaller.sum()


def ranked(
    table: Words, pieces: Pieces, probability: np.ndarray, alphabet: set[str]
) -> list[tuple[str, float]]:
    """Pieces with their log-probabilities, the most probable first.

    Args:
        table: The words.
        pieces: The pieces.
        probability: Probability of each piece (P,).
        alphabet: Characters that must be pieces; those that `table` lacks come last.

    Returns:
        Pieces and log-probabilities.
    """
    scores: dict[str, float] = {}
    for i in np.flatnonzero(probability > 0):
        code = table.codes[pieces.position[i] : pieces.position[i] + pieces.length[i]]
        scores[code.tobytes().decode("utf-32-le")] = round(float(np.log(probability[i])), 6)
    least = min(scores.values())
    for character in alphabet - scores.keys():
        scores[character] = least
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
