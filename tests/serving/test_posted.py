"""Values that clients send: files by their content, numbers, base64; never a path."""

import base64
import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jumok.errors import DataError
from jumok.kinds.contract import InputField
from jumok.kinds.frames.field import FramesFacts, frames_input
from jumok.kinds.frames.options import FramesInput
from jumok.kinds.series.codec import SeriesFacts
from jumok.kinds.series.field import series_input
from jumok.kinds.series.options import SeriesInput
from jumok.serving.posted import PostedValues, is_video
from made_predictors import CONVOLUTIONS, input_kind, random_image
from served_models import png

VALUES = [[1.0, 2.0], [3.0, None], [5.0, 6.0]]


def series() -> InputField:
    options = SeriesInput(kind="series", channels=["x", "y"])
    return series_input(SeriesFacts("motion", options, ("x", "y"), (0.0, 0.0), (1.0, 1.0), 10))


def frames() -> InputField:
    return frames_input(FramesFacts("clip", FramesInput(kind="frames", size=32), 8, fresh=False))


def photo() -> InputField:
    return input_kind("photo", dict(CONVOLUTIONS))


def parsed(folder: Path, field: InputField, value: Any = None, *files: bytes, **limits: int) -> Any:
    predictor: Any = SimpleNamespace(inputs={field.name: field})
    limits = {"pixels": 100_000, "tokens": 50, **limits}
    posted = PostedValues(predictor, limits["pixels"], limits["tokens"], folder)
    return posted.parse(value, {field.name: files} if files else {})[field.name]


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def gif(count: int) -> bytes:
    file = io.BytesIO()
    first, *others = [random_image(40, 30).rotate(90 * i) for i in range(count)]
    first.save(file, "GIF", save_all=True, append_images=others)
    return file.getvalue()


def test_series_come_as_lists_tables_and_arrays(tmp_path):
    field = series()
    wanted = np.array([[np.nan if one is None else one for one in row] for row in VALUES])
    table = b"x,y\n1,2\n3,\n5,6\n"
    given = [
        parsed(tmp_path, field, VALUES),
        parsed(tmp_path, field, {"motion": VALUES}),
        parsed(tmp_path, field, None, json.dumps(VALUES).encode()),
        parsed(tmp_path, field, None, npy(wanted)),
        parsed(tmp_path, field, None, table),
        parsed(tmp_path, field, base64.b64encode(table).decode()),
    ]
    for value in given:
        column = field.codec.encode([value])
        np.testing.assert_array_equal(column[0].numpy(), wanted.astype(np.float32))


def test_images_come_as_files_base64_and_pixels(tmp_path):
    field, image = photo(), random_image(40, 30)
    data = png(image)
    given = [
        parsed(tmp_path, field, None, data),
        parsed(tmp_path, field, base64.b64encode(data).decode()),
        parsed(tmp_path, field, {"b64": base64.b64encode(data).decode()}),
        parsed(tmp_path, field, np.asarray(image).tolist()),
        parsed(tmp_path, field, None, npy(np.asarray(image))),
    ]
    for value in given:
        assert np.array_equal(np.asarray(value), np.asarray(image))


def test_frames_come_as_an_animation_or_one_by_one(tmp_path):
    field = frames()
    images = [png(random_image(40, 30).rotate(90 * i)) for i in range(3)]
    assert len(parsed(tmp_path, field, None, gif(3))) == 3
    assert len(parsed(tmp_path, field, None, *images)) == 3
    assert len(parsed(tmp_path, field, [base64.b64encode(one).decode() for one in images])) == 3
    pixels = np.stack([np.asarray(random_image(8, 6))] * 4)
    assert len(parsed(tmp_path, field, pixels.tolist())) == 4


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        (series, "/etc/passwd", "not base64"),
        (series, 7, "lists of numbers"),
        (series, [[1.0]], "1 channel"),
        (series, [["a", "b"]], "must be|number"),
        (photo, "/tmp/a.png", "not base64"),
        (photo, {"path": "/tmp/a.png"}, "no input 'path'"),
        (photo, {"photo": {"path": "/tmp/a.png"}}, "as base64"),
        (photo, [[[0, 0, 300]]], "between 0 and 255"),
        (photo, [[[0.5, 0, 0]]], "whole numbers"),
        (photo, [[0, 1], [2]], "whole numbers"),
        (frames, ["/tmp/a.png", "/tmp/b.png"], "not base64"),
        (frames, "/tmp", "is another kind of file"),
    ],
)
def test_a_faulty_value_gets_a_sentence(field, value, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence) as refused:
        value = parsed(tmp_path, field(), value)
        field().codec.encode([value])[0]
    assert "\n" not in str(refused.value)


def test_limits_of_pixels_and_lengths(tmp_path):
    with pytest.raises(DataError, match="at most 0.001 million are read"):
        parsed(tmp_path, photo(), None, png(random_image(40, 30)), pixels=1000)
    with pytest.raises(DataError, match="at most 0.001 million are read"):
        parsed(tmp_path, photo(), np.zeros((40, 30, 3), int).tolist(), pixels=1000)
    with pytest.raises(DataError, match="at most 50 are read here"):
        parsed(tmp_path, series(), [[1.0, 2.0]] * 5000)


@pytest.mark.parametrize(
    "data",
    [b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"RIFF____WEBP"],
)
def test_lists_of_other_files_are_no_video(data, tmp_path):
    assert not is_video(data)
    with pytest.raises(DataError, match="is another kind of file|cannot be decoded|damaged"):
        parsed(tmp_path, frames(), None, data)
    assert not list(tmp_path.iterdir())


def test_an_image_that_is_a_table_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected one of JPEG"):
        parsed(tmp_path, photo(), None, b"x,y\n1,2\n")
    with pytest.raises(DataError, match="is one image|must be the path of an image"):
        parsed(tmp_path, photo(), None, gif(2))
    broken = npy(np.zeros(3)).replace(b"(3,)", b"(9999999999,)")
    with pytest.raises(DataError, match="cannot be read as .npy"):
        parsed(tmp_path, series(), None, broken)
    Image.new("RGB", (1, 1))  # Pillow still works
