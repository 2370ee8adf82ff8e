"""Numbers that sum up an input, of which linear baselines are made: of a text, an image, a series."""

import numpy as np

TEXT_BUCKETS = 1024  # that n-grams of characters are hashed into
NGRAMS = (1, 2, 3)
IMAGE_SIDE = 16  # cells of the grid that an image is averaged over
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
BANDS = 8  # of the spectrum of a channel
MAX_COVARIANCES = 500  # pairs of channels
FACTORS = np.array([73_856_093, 19_349_663, 83_492_791], dtype=np.uint64)  # of the hash, large and prime
HASH_SHIFT = np.uint64(64 - 10)  # that leaves the bits of a bucket
MIX = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 over the golden ratio (Knuth, 1973)


def text_features(text: str) -> np.ndarray:
    """Hashed n-grams of 1 to 3 characters (1024,): logarithms of their counts, scaled to length 1.

    The text has a blank before and behind it, so that its first and last characters are n-grams of their own.
    """
    codes = np.frombuffer(f" {text} ".encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    buckets = np.concatenate([hashed_ngrams(codes, n) for n in NGRAMS if n <= len(codes)])
    features = np.log1p(np.bincount(buckets, minlength=TEXT_BUCKETS))
    return np.asarray(features / np.sqrt(features @ features))


def hashed_ngrams(codes: np.ndarray, n: int) -> np.ndarray:
    """The bucket of each n-gram of characters (L,), given as codes of Unicode (uint64); gives (L - n + 1,)."""
    count = len(codes) - n + 1
    mixed = np.full(count, n, dtype=np.uint64)
    for place, factor in enumerate(FACTORS[:n]):
        mixed += codes[place : place + count] * factor
    return (mixed * MIX >> HASH_SHIFT).astype(np.int64)


def image_features(pixels: np.ndarray) -> np.ndarray:
    """Downsampled pixels and statistics of the colours of an image.

    Args:
        pixels: (3, Y, X), 0 to 255.

    Returns:
        The means of 16 × 16 cells of each channel, then mean, deviation and quartiles of each channel, all 0 to 1;
        (3 * 16 * 16 + 3 * 7,).
    """
    values = pixels.astype(np.float64) / 255.0
    cells = cell_means(cell_means(values, 1), 2)  # (3, 16, 16)
    flat = values.reshape(len(values), -1)
    quantiles = np.quantile(flat, QUANTILES, axis=1).T  # (3, 5)
    colours = np.concatenate((flat.mean(1)[:, None], flat.std(1)[:, None], quantiles), axis=1)
    return np.concatenate((cells.ravel(), colours.ravel()))


def clip_features(frames: np.ndarray) -> np.ndarray:
    """The mean of the features (F, N) of frames, and how they change from the first to the last; (2 * N,)."""
    return np.concatenate((frames.mean(0), frames[-1] - frames[0]))


def cell_means(values: np.ndarray, axis: int, cells: int = IMAGE_SIDE) -> np.ndarray:
    """Means over equal parts of an axis; a row that lies in two parts counts for both, in proportion."""
    size = values.shape[axis]
    edges = np.linspace(0, size, cells + 1)
    starts = np.arange(size)
    lower = np.maximum(edges[:-1, None], starts)  # (cells, size)
    upper = np.minimum(edges[1:, None], starts + 1)
    weights = np.maximum(upper - lower, 0.0) * cells / size
    return np.moveaxis(np.moveaxis(values, axis, -1) @ weights.T, -1, axis)


def series_features(values: np.ndarray) -> np.ndarray:
    """Statistics of each channel of a series, its spectrum, and the covariances of channels.

    Of each channel: mean, deviation, five quantiles, mean absolute step, correlation with the next time step, share of
    missing values, and the logarithm of the power in eight bands of equal width, zero frequency left out. Of each pair
    of channels, at most 500, the covariance. Missing values count for nothing; in the spectrum, they are 0 like the
    mean.

    Args:
        values: (T, C), NaN where nothing was measured; T may differ from series to series.

    Returns:
        (C * 18 + pairs,); zeros for a channel without a value.
    """
    values = values.astype(np.float64)
    observed = ~np.isnan(values)
    counts = np.maximum(observed.sum(0), 1)  # (C,)
    mean = np.where(observed, values, 0.0).sum(0) / counts
    centered = np.where(observed, values - mean, 0.0)  # (T, C)
    each = [
        mean,
        np.sqrt((centered**2).sum(0) / counts),
        *quantiles_of(values, observed),
        *steps_of(centered, observed),
        1 - observed.mean(0) if len(values) else np.ones(values.shape[1]),
        *log_spectrum(centered),
    ]
    return np.concatenate((*each, covariances(centered, observed)))


def quantiles_of(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The quantiles (5, C) of the observed values (T, C) of each channel; 0 where there is none."""
    found = np.zeros((len(QUANTILES), values.shape[1]))
    for channel in np.flatnonzero(observed.any(0)):
        found[:, channel] = np.quantile(values[observed[:, channel], channel], QUANTILES)
    return found


def steps_of(centered: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean absolute difference (C,) from a time step to the next, and the correlation (C,) with it."""
    both = observed[1:] & observed[:-1]
    counts = np.maximum(both.sum(0), 1)
    steps = (np.abs(centered[1:] - centered[:-1]) * both).sum(0) / counts
    products = (centered[1:] * centered[:-1] * both).sum(0) / counts
    variance = (centered**2).sum(0) / np.maximum(observed.sum(0), 1)
    return steps, np.divide(products, variance, out=np.zeros_like(products), where=variance > 0)


def log_spectrum(centered: np.ndarray) -> np.ndarray:
    """The logarithm (8, C) of the power of centered values (T, C) in bands from above 0 to half the rate."""
    length, channels = centered.shape
    spectrum = np.fft.rfft(centered, n=max(length, 1), axis=0)[1:]
    power = np.abs(spectrum) ** 2 / max(length, 1)  # (T // 2, C)
    bands = np.arange(len(power)) * BANDS // max(len(power), 1)
    found = np.zeros((BANDS, channels))
    np.add.at(found, bands, power)
    counts = np.maximum(np.bincount(bands, minlength=BANDS), 1)[:, None]
    return np.asarray(np.log(found / counts + 1e-8))


def covariances(centered: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """The covariance (pairs,) of each pair of channels, over the time steps at which both were observed."""
    first, second = (part[:MAX_COVARIANCES] for part in np.triu_indices(centered.shape[1], 1))
    both = (observed[:, first] & observed[:, second]).sum(0)
    return np.asarray((centered[:, first] * centered[:, second]).sum(0) / np.maximum(both, 1))
