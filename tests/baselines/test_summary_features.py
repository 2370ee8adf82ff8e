"""What summary features say, and what they must not depend on."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from jumok.baselines.features import cell_means, image_features, series_features, text_features


def test_texts_that_share_characters_are_near():
    one, other, far = (text_features(text) for text in ("walking", "walked", "zzyzx"))
    assert one @ other > 0.4 > 0.2 > one @ far
    assert_allclose([one @ one, far @ far], 1)


def test_a_text_is_told_from_its_characters_in_another_order():
    assert text_features("ab") @ text_features("ba") < 0.9


@pytest.mark.parametrize("text", ["", " ", "가나다 😀", "\udcff", "x" * 5000])
def test_every_text_has_features(text):
    assert np.isfinite(text_features(text)).all()


def test_hashes_fill_the_buckets_evenly():
    texts = (chr(97 + i % 26) + chr(0xAC00 + i) for i in range(3000))
    counts = sum((text_features(text) > 0).astype(int) for text in texts)
    assert (counts > 0).mean() > 0.98 and np.sort(counts)[-80] < 60  # 53 stand in many texts


@pytest.mark.parametrize("size", [(16, 16), (64, 32), (37, 23), (5, 9), (1, 1)])
def test_cells_are_means_whatever_the_size(size):
    values = np.random.default_rng(0).random((3, *size))
    found = cell_means(cell_means(values, 1), 2)
    assert found.shape == (3, 16, 16)
    assert_allclose(found.mean((1, 2)), values.mean((1, 2)))
    repeated = values.repeat(16, 1).repeat(16, 2)
    expected = repeated.reshape(3, 16, size[0], 16, size[1]).mean((2, 4))
    assert_allclose(found, expected)


def test_an_image_is_its_cells_and_its_colours():
    pixels = np.zeros((3, 32, 32), np.uint8)
    pixels[0, :16] = 255
    found = image_features(pixels)
    assert found[0] == 1 and found[16 * 16 - 1] == 0  # the red of the first and the last cell
    colours = found[3 * 256 :].reshape(3, 7)
    assert_allclose(colours[0], [0.5, 0.5, 0, 0, 0.5, 1, 1])
    assert_allclose(colours[1:], 0)


def series(length: int = 40, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(length, channels))


def test_a_series_has_as_many_features_whatever_its_length():
    sizes = {len(series_features(series(length))) for length in (0, 1, 2, 7, 500)}
    assert sizes == {3 * 18 + 3}
    assert np.isfinite(series_features(np.full((4, 3), np.nan))).all()


def test_features_of_a_series_are_those_of_numpy():
    values = series()
    found = series_features(values)
    each = found[:54].reshape(18, 3)
    assert_allclose(each[0], values.mean(0))
    assert_allclose(each[1], values.std(0))
    assert_allclose(each[2:7], np.quantile(values, [0, 0.25, 0.5, 0.75, 1], axis=0))
    assert_allclose(each[7], np.abs(np.diff(values, axis=0)).mean(0))
    assert_allclose(found[54:], np.cov(values.T, bias=True)[np.triu_indices(3, 1)])


def test_missing_values_count_for_nothing():
    values = series()
    gap = np.insert(values, 40, np.full((10, 3), np.nan), axis=0)
    found, expected = series_features(gap), series_features(values)
    same = np.r_[0:27, 54:57]  # all but the share of what is missing and the spectrum
    assert_allclose(found[same], expected[same])
    assert_allclose(found[27:30], 0.2)


def test_a_tone_is_in_the_band_of_its_frequency():
    time = np.arange(160)
    tones = np.stack([np.sin(2 * np.pi * time * cycles / 160) for cycles in (5, 35, 75)], axis=1)
    spectrum = series_features(tones)[30:54].reshape(8, 3)
    assert spectrum.argmax(0).tolist() == [0, 3, 7]
