"""Ridge regression in closed form equals equations solved by hand, and chooses what windows of valid like best."""

import itertools

import pytest
import torch
from torch.testing import assert_close

from jumok.heads.linear import DecompositionMap, SeasonsMap, StepsMap
from jumok.heads.ridge import GROWTHS, RIDGE_PENALTIES, WindowMoments, fit_seasons, fit_steps, spread_seasons

L, H, SEASON = 14, 7, 4


def windows(seed, count=60, noise=1.0):
    """Past (N, L) and future (N, H) of seasons of four steps, which come again, with noise."""
    random = torch.Generator().manual_seed(seed)
    seasons = torch.randn(count, SEASON, generator=random).repeat(1, 6)[:, : L + H]
    whole = seasons + noise * torch.randn(count, L + H, generator=random)
    return (whole[:, :L] - whole[:, :L].mean(1, keepdim=True)).double(), whole[:, L:].double()


def moments(*parts):
    return WindowMoments.of(iter(parts))


def test_moments_do_not_depend_on_how_windows_come():
    past, future = windows(0)
    one = moments((past, future))
    two = moments((past[:7], future[:7]), (past[7:], future[7:]))
    for name in ("gram", "moment", "power"):
        assert_close(getattr(one, name), getattr(two, name))
    weights = torch.randn(L, H).double()
    assert one.error(weights) == pytest.approx(float(((past @ weights - future) ** 2).mean()))
    assert moments() is None


def by_hand(past, future, penalty, growth):
    """The least mean squared error plus the penalized squares, by an equation for all weights."""
    age = 1 + torch.arange(L - 1, -1, -1).double() / SEASON
    count = len(past)
    return torch.linalg.solve(
        past.T @ past / count + penalty * torch.diag(age**growth), past.T @ future / count
    )


def test_the_map_of_steps_is_the_best_of_all_penalties():
    """Without seasons, whose share in the best mixture is 0 where a season is one step."""
    train, valid = windows(0), windows(1)
    chosen = fit_steps(moments(train), moments(valid), 1)
    errors = {}
    for penalty, growth in itertools.product(RIDGE_PENALTIES, GROWTHS):
        age = 1 + torch.arange(L - 1, -1, -1).double()
        gram = train[0].T @ train[0] / 60 + penalty * torch.diag(age**growth)
        weights = torch.linalg.solve(gram, train[0].T @ train[1] / 60)
        errors[penalty, growth] = float(((valid[0] @ weights - valid[1]) ** 2).mean()), weights
    best = min(errors, key=lambda key: errors[key][0])
    assert (chosen.penalty, chosen.growth) == best and chosen.share == 0
    assert chosen.error == pytest.approx(errors[best][0])
    assert_close(chosen.weights, errors[best][1])


def test_seasons_are_mixed_in_as_valid_likes_best():
    train, valid = windows(0), windows(1)
    parts = moments(train), moments(valid)
    chosen, seasons = fit_steps(*parts, SEASON), fit_seasons(*parts, SEASON)
    alone = spread_seasons(seasons.weights, L, H, SEASON)
    steps = by_hand(*train, chosen.penalty, chosen.growth)
    assert_close(chosen.weights, (1 - chosen.share) * steps + chosen.share * alone)
    assert chosen.error == pytest.approx(parts[1].error(chosen.weights))
    assert 0 < chosen.share < 1 and chosen.error <= seasons.error
    for share in (chosen.share - 0.05, chosen.share + 0.05):
        other = (1 - share) * steps + share * alone
        assert parts[1].error(other) > chosen.error


def test_the_map_of_seasons_is_the_regression_of_each_season_to_come():
    """All phases of a season are rows of one regression; 14 steps are filled up to 4 seasons."""
    train, valid = windows(0), windows(1)
    chosen = fit_seasons(moments(train), moments(valid), SEASON)
    past = torch.nn.functional.pad(train[0], (2, 0)).unflatten(1, (4, SEASON))  # (N, m, P)
    for season in range(2):
        future = train[1][
            :, season * SEASON : (season + 1) * SEASON
        ]  # (N, P'), of the last season three phases
        rows = past[..., : future.shape[1]].transpose(1, 2).flatten(0, 1)
        gram = rows.T @ rows / len(rows) + chosen.penalty * torch.eye(4)
        expected = torch.linalg.solve(gram, rows.T @ future.flatten() / len(rows))
        assert_close(chosen.weights[:, season], expected)


@pytest.mark.parametrize("numbers", [1, 3])
@pytest.mark.parametrize("make", [StepsMap, DecompositionMap, SeasonsMap])
def test_maps_start_from_what_was_found(make, numbers):
    extra = {StepsMap: [], DecompositionMap: [5], SeasonsMap: [SEASON]}[make]
    linear = make(L, H, *extra, numbers)
    parts = moments(windows(0)), moments(windows(1))
    start = linear.ridge(*parts, SEASON)
    linear.load_state_dict({**linear.state_dict(), **start.weights})
    past, future = windows(1)
    found = linear(past.float()).detach()
    assert float(((found[..., 0] - future) ** 2).mean()) == pytest.approx(start.chosen.error, rel=1e-4)
    assert_close(found, found[..., :1].expand_as(found))
