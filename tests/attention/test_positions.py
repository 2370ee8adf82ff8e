"""Positions against their formulas, and the laws they were made for."""

import math

import pytest
import torch
from torch.testing import assert_close

from jumok.attention.positions import LearnedPositions, NoPositions, Rotary, SinusoidalPositions, sinusoids
from reference import leaf, random_parameters

B, H, L, K, D = 2, 3, 7, 8, 10


@pytest.mark.parametrize("width", [2, 7, 10])
def test_sinusoids_are_the_formula(width):
    expected = torch.zeros(L, width)
    for position in range(L):
        for channel in range(width):
            angle = position / 10000 ** (channel // 2 * 2 / width)
            expected[position, channel] = math.sin(angle) if channel % 2 == 0 else math.cos(angle)
    assert_close(sinusoids(L, width), expected)


def test_sinusoidal_positions_add_the_table():
    x = leaf(B, L, D)
    assert_close(SinusoidalPositions(D).double()(x), x + sinusoids(L, D).double())


def test_sinusoidal_positions_have_no_end():
    positions = SinusoidalPositions(D)
    late = positions(torch.zeros(1, L, D), offset=1000)
    assert_close(late[0], sinusoids(1000 + L, D)[1000:])
    assert_close(positions(torch.zeros(1, L, D))[0], sinusoids(L, D))


def test_sinusoidal_table_is_not_saved():
    assert not SinusoidalPositions(D).state_dict()


@pytest.mark.parametrize(
    "make", [lambda: SinusoidalPositions(D), lambda: LearnedPositions(D, 20), NoPositions]
)
def test_pieces_equal_the_whole(make):
    positions, x = make().double(), leaf(B, L, D)
    pieces = torch.cat((positions(x[:, :3]), positions(x[:, 3:], offset=3)), 1)
    assert_close(pieces, positions(x))


def test_no_positions_leave_x_alone():
    x = leaf(B, L, D)
    assert NoPositions()(x, 5) is x


def test_learned_positions_add_their_table():
    positions, x = random_parameters(LearnedPositions(D, 20)), leaf(B, L, D)
    assert_close(positions(x, offset=4), x + positions.table[4 : 4 + L])


def test_learned_positions_refuse_beyond_the_limit():
    positions = LearnedPositions(D, L)
    positions(torch.zeros(B, L, D))
    with pytest.raises(ValueError, match=f"end at {L}, got {L + 1}; use sinusoidal or rotary"):
        positions(torch.zeros(B, 1, D), offset=L)


def test_rotary_is_a_complex_rotation():
    x = leaf(B, H, L, K)
    turned = torch.zeros_like(x)
    for position in range(L):
        for i in range(K // 2):
            turn = torch.polar(
                torch.ones(()).double(), torch.tensor((5 + position) / 10000 ** (2 * i / K)).double()
            )
            number = torch.complex(x[:, :, position, i], x[:, :, position, i + K // 2]) * turn
            turned[:, :, position, i], turned[:, :, position, i + K // 2] = number.real, number.imag
    assert_close(Rotary(K).double()(x, offset=5), turned, rtol=1e-6, atol=1e-6)


def test_rotary_score_depends_on_distance_only():
    rotary, q, k = Rotary(K).double(), leaf(K), leaf(K)

    def score(at: int, seen: int) -> torch.Tensor:
        return rotary(q.view(1, 1, 1, K), at).flatten() @ rotary(k.view(1, 1, 1, K), seen).flatten()

    for distance in (-4, 0, 3):
        scores = torch.stack([score(start + distance, start) for start in (4, 9, 250, 3001)])
        assert_close(scores, scores[0].expand(4), rtol=1e-9, atol=1e-9)
    assert abs(score(5, 1) - score(1, 5)) > 1e-3


def test_rotary_keeps_norms_and_the_first_position():
    rotary, x = Rotary(K).double(), leaf(B, H, L, K)
    assert_close(rotary(x, 17).norm(dim=-1), x.norm(dim=-1))
    assert_close(rotary(x)[:, :, 0], x[:, :, 0])


def test_rotary_pieces_equal_the_whole():
    rotary, x = Rotary(K).double(), leaf(B, H, L, K)
    pieces = torch.cat((rotary(x[:, :, :3]), rotary(x[:, :, 3:], offset=3)), 2)
    assert_close(pieces, rotary(x), rtol=1e-12, atol=1e-12)


def test_rotary_keeps_the_dtype_and_has_nothing_to_save():
    assert Rotary(K)(torch.zeros(B, H, L, K, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert not Rotary(K).state_dict()


def test_rotary_needs_pairs():
    with pytest.raises(ValueError, match="even width of a head; got 5"):
        Rotary(5)
