"""Clips: what their cells name, which frames are read, and what is told of faulty ones."""

import json
import struct
import sys
import weakref
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jumok.data.clips.clip import chosen_frames, missing_frame, open_clip
from jumok.data.clips.rows import ClipRows
from jumok.data.clips.sampling import FrameSampling
from jumok.data.row import Row
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.sources import TableSource
from jumok.errors import ConfigurationError, DataError
from jumok.experiment import read_experiment
from small_clips import save_folder, save_gif, write_clip_experiment

SHADES = (10, 60, 110, 160, 210)


def grey(shade: int, size: tuple[int, int] = (24, 16)) -> Image.Image:
    return Image.new("RGB", size, (shade, shade, shade))


def write_video(file: Path, shades: Sequence[int | np.ndarray]) -> Path:
    import av

    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(5))
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for shade in shades:
            pixels = np.broadcast_to(np.asarray(shade, np.uint8), (16, 32, 3))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def cell_of(kind: str, folder: Path) -> str:
    """A clip of the five shades."""
    frames = [grey(shade) for shade in SHADES]
    if kind == "folder":
        return save_folder(folder / "clip", frames).name
    if kind == "list":
        save_folder(folder / "clip", frames)
        return json.dumps([f"clip/{number}.png" for number in range(8, 13)])
    if kind == "gif":
        return save_gif(folder / "clip.gif", frames).name
    if kind == "video":
        pytest.importorskip("av")
        return write_video(folder / "clip.mp4", SHADES).name
    file = folder / f"clip.{kind}"
    options = {"lossless": True} if kind == "webp" else {}
    frames[0].save(file, save_all=True, append_images=frames[1:], duration=100, **options)
    return file.name


@pytest.mark.parametrize("kind", ["folder", "list", "gif", "webp", "png", "video"])
def test_every_kind_of_clip_gives_its_frames_in_their_order(tmp_path, kind):
    clip = open_clip(cell_of(kind, tmp_path), tmp_path)
    assert clip.count == 5
    assert tuple(clip.size([0, 4])) == ((32, 16) if kind == "video" else (24, 16))
    for numbers in ([0, 1, 2, 3, 4], [1, 4], [2, 2, 3]):
        shades = [np.asarray(frame).mean() for frame in clip.frames(numbers)]
        assert shades == pytest.approx([SHADES[number] for number in numbers], abs=4)
    seconds = clip.seconds([0, 2])
    times = {"folder": None, "list": None, "video": [0, 0.4]}
    assert seconds == (times[kind] if kind in times else pytest.approx([0, 0.2]))


@pytest.mark.parametrize(
    ("sampling", "available", "numbers"),
    [
        (FrameSampling("uniform", 3), 9, [0, 4, 8]),
        (FrameSampling("uniform", 4), 4, [0, 1, 2, 3]),
        (FrameSampling("uniform", 1), 7, [0]),
        (FrameSampling("stride", None, 2), 7, [0, 2, 4, 6]),
        (FrameSampling("stride", 3, 2), 7, [0, 2, 4]),
        (FrameSampling("stride", 3, 5), 7, [0, 5]),
        (FrameSampling("stride", None), 2, [0, 1]),
    ],
)
def test_frames_are_sampled_as_is_said(sampling, available, numbers):
    assert sampling.numbers(available) == numbers
    assert sampling.count(available) == len(numbers)


@pytest.mark.parametrize("available", range(4, 40))
def test_uniform_frames_are_different_ones_and_hold_both_ends(available):
    numbers = FrameSampling("uniform", 4).numbers(available)
    assert len(set(numbers)) == 4 and (numbers[0], numbers[-1]) == (0, available - 1)
    assert numbers == sorted(numbers)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["a1.png", "a2.png", "a3.png"], None),
        (["a08.png", "a09.png", "a11.png"], "a10.png"),
        (["a0.png", "a5.png", "a10.png", "a20.png"], "a15.png"),
        (["a.png", "b.png", "d.png"], None),
        (["a1.png", "b2.png", "a4.png"], None),
        (["a1.png", "a01.png", "a9.png"], None),
        (["a1.png", "a9.png"], None),
    ],
)
def test_a_gap_in_numbered_frames_is_a_missing_frame(names, missing):
    assert missing_frame(names) == missing


THREE = FrameSampling("uniform", 3)


def faults_of(folder: Path, *cells: str, sampling: FrameSampling = THREE) -> list[Fault]:
    (folder / "t.jsonl").write_text("".join(json.dumps({"clip": cell, "said": "x"}) + "\n" for cell in cells))
    source = TableSource(folder / "t.jsonl", {"clip": "clip", "said": "said"})
    items = list(ClipRows(source, {"clip": sampling}).rows())
    assert len(items) == len(cells)
    return [item for item in items if isinstance(item, Fault)]


def test_faulty_clips_are_told_by_name_and_line(tmp_path):
    frames = [grey(shade) for shade in SHADES]
    save_folder(tmp_path / "good", frames)
    save_folder(tmp_path / "gap", frames)
    (tmp_path / "gap" / "10.png").unlink()
    save_folder(tmp_path / "sizes", [*frames[:2], grey(1, (8, 8)), *frames[3:]])
    save_folder(tmp_path / "cell_text", frames[:2])
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no frame")
    save_gif(tmp_path / "cut.gif", frames)
    (tmp_path / "cut.gif").write_bytes((tmp_path / "cut.gif").read_bytes()[:40])
    lost = json.dumps(["good/8.png", "good/77.png", "good/9.png"])
    told = {
        "gap": "gap lacks the frame 10.png; add it, or list the frames",
        "sizes": "10.png is 8 × 8, but 8.png of the same clip is 24 × 16; scale the frames",
        "cell_text": "cell_text has 2 frames, and frames: 3 are asked for; ask for fewer",
        "empty": "empty holds no frames",
        lost: "77.png does not exist, and is a frame of a clip",
        "god": "god does not exist; did you mean 'good'?",
        "[1]": "[1] is no list of paths of images",
        '["a.png"': "is no JSON",
    }
    faults = faults_of(tmp_path, "good", *told)
    assert [fault.line for fault in faults] == list(range(2, 2 + len(told)))
    for fault, sentence in zip(faults, told.values(), strict=True):
        assert sentence in str(fault), str(fault)
    assert not faults_of(tmp_path, "cell_text", sampling=FrameSampling("stride", 3))
    with pytest.raises(UnreadableFile):
        list(open_clip("cut.gif", tmp_path).frames([4]))


def test_rows_without_an_optional_clip_are_kept_and_files_are_watched(tmp_path):
    save_folder(tmp_path / "good", [grey(shade) for shade in SHADES])
    (tmp_path / "t.jsonl").write_text('{"clip": null, "note": "a"}\n{"clip": "good", "note": "b"}\n')
    source = TableSource(tmp_path / "t.jsonl", {"clip": "clip", "note": "note"}, optional=["clip"], inputs=2)
    rows = ClipRows(source, {"clip": FrameSampling("uniform", 3)})
    assert list(rows.rows()) == [Row(1, ("", "a")), Row(2, ("good", "b"))]
    assert {tmp_path / "good", tmp_path / "good" / "8.png"} <= set(rows.watched)


def test_all_that_makes_a_clip_faulty_is_watched(tmp_path):
    """So that the next command sees it corrected."""
    frames = [grey(shade) for shade in SHADES]
    save_folder(tmp_path / "sizes", [*frames[:2], grey(1, (8, 8))])
    lost = '["sizes/8.png", "lost.png", "sizes/9.png"]'
    (tmp_path / "t.jsonl").write_text(
        "".join(json.dumps({"clip": one}) + "\n" for one in ("sizes", lost, "gone"))
    )
    rows = ClipRows(TableSource(tmp_path / "t.jsonl", {"clip": "clip"}), {"clip": THREE})
    assert all(isinstance(item, Fault) for item in rows.rows())
    assert {tmp_path / name for name in ("sizes", "sizes/10.png", "lost.png", "gone")} <= set(rows.watched)


def test_a_video_without_a_decoder_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"install the extra: pip install 'jumok\[video\]'"):
        chosen_frames(open_clip("clip.mp4", tmp_path), "clip.mp4", FrameSampling("stride", None))


def turn_video(file: Path, a: int, b: int, c: int, d: int) -> None:
    """Write a display matrix into the header of the only track (ISO 14496-12, 8.3.2)."""
    content = bytearray(file.read_bytes())
    at = content.index(b"tkhd") + 44
    content[at : at + 36] = struct.pack(">9i", *(one << 16 for one in (a, b, 0, c, d, 0)), 0, 0, 1 << 30)
    file.write_bytes(content)


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 1),
        (0, 1, -1, 0),
        (-1, 0, 0, -1),
        (0, -1, 1, 0),
        (-1, 0, 0, 1),
        (1, 0, 0, -1),
        (0, 1, 1, 0),
        (0, -1, -1, 0),
    ],
)
def test_a_video_is_read_as_its_display_matrix_says(tmp_path, matrix):
    pytest.importorskip("av")
    corners = np.kron([[20, 90], [160, 230]], np.ones((8, 16)))  # (16, 32)
    clip = write_video(tmp_path / "clip.mp4", (np.repeat(corners[..., None], 3, -1).astype(np.uint8),))
    turn_video(clip, *matrix)
    a, b, c, d = matrix
    wanted = np.zeros((2, 2))
    for (row, column), shade in np.ndenumerate(corners[[4, 12]][:, [8, 24]]):
        x, y = 2 * column - 1, 2 * row - 1  # from the middle
        wanted[(b * x + d * y + 1) // 2, (a * x + c * y + 1) // 2] = shade
    clip = open_clip("clip.mp4", tmp_path)
    (frame,) = clip.frames([0])
    assert tuple(clip.size([0])) == frame.size == ((32, 16) if a else (16, 32))
    seen = np.asarray(frame.resize((2, 2), Image.Resampling.BOX))[..., 0]
    assert seen == pytest.approx(wanted, abs=8)


def test_a_video_that_is_shown_askew_is_a_fault(tmp_path):
    pytest.importorskip("av")
    turn_video(write_video(tmp_path / "clip.mp4", SHADES), 2, 1, 0, 1)
    (fault,) = faults_of(tmp_path, "clip.mp4")
    assert "is shown by the display matrix (2.0, 1.0, 0.0, 1.0), which is no quarter turn" in str(fault)


def test_a_damaged_video_is_a_fault(tmp_path):
    pytest.importorskip("av")
    (tmp_path / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    with pytest.raises(UnreadableFile) as caught:
        chosen_frames(open_clip("clip.mp4", tmp_path), "clip.mp4", FrameSampling("stride", None))
    assert "clip.mp4: cannot be decoded" in str(caught.value.fault)


@pytest.mark.parametrize("kind", ["folder", "list", "gif", "webp", "png", "video"])
def test_one_whole_frame_is_in_memory_at_a_time(tmp_path, kind):
    given = []
    for frame in open_clip(cell_of(kind, tmp_path), tmp_path).frames(range(5)):
        given.append(weakref.ref(frame))
        del frame
        assert sum(one() is not None for one in given) <= 1
    assert len(given) == 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("inputs.clip.every=2", "belongs to sampling: stride; this is uniform"),
        ("inputs.clip.sampling=random", "uniform"),
        ("inputs.clip.encoder.time={kind: lstm}", "recurrent"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, change, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        read_experiment(write_clip_experiment(tmp_path, "recurrent"), [change])
