"""Video files, where PyAV is installed."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

from jumok.data.images.reading import REPLACE, Size, check_pixels, undecodable
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.wording import quantity

Turn = tuple[
    float, float, float, float
]  # a, b, c, d of a display matrix: x, y is shown at a·x + c·y, b·x + d·y
TURNED: dict[Turn, Image.Transpose | None] = {
    (1, 0, 0, 1): None,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
}


class VideoClip:
    """The frames of the first video stream of a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = (path,)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        av = import_av(self.path)
        try:
            with av.open(str(self.path)) as container:
                if not container.streams.video:
                    problem, remedy = "has no video stream", "name a video, or remove the row"
                    raise UnreadableFile(undecodable(self.path, problem, remedy))
                stream = container.streams.video[0]
                check_pixels(self.path, (stream.width, stream.height))
                yield container, stream
        except (av.error.FFmpegError, ValueError) as error:
            problem = f"cannot be decoded ({error})"
            raise UnreadableFile(undecodable(self.path, problem, REPLACE)) from None

    @cached_property
    def count(self) -> int:
        """The number of frames: that of the packets, for what a file says of itself is often wrong."""
        with self._opened() as (container, stream):
            return sum(1 for packet in container.demux(stream) if packet.size)

    @cached_property
    def _turn(self) -> tuple[Size, Image.Transpose | None]:
        """The size of frames as they are shown, and how to make them upright, as the first frame says."""
        frame = next(self._decoded([0]))
        quarters = display_matrix(frame)
        if quarters not in TURNED:
            problem = f"is shown by the display matrix {quarters}, which is no quarter turn"
            raise UnreadableFile(undecodable(self.path, problem, "encode the video upright"))
        lies = quarters[0] == 0
        return Size(*((frame.height, frame.width) if lies else (frame.width, frame.height))), TURNED[quarters]

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height of the frames as they are shown."""
        return self._turn[0]

    def _decoded(self, numbers: Sequence[int]) -> Iterator[Any]:
        """The frames of PyAV's with these numbers, each as often as it is named."""
        with self._opened() as (container, stream):
            stream.thread_type = "AUTO"
            wanted, decoded = list(numbers), -1
            for decoded, frame in enumerate(container.decode(stream)):
                while wanted and wanted[0] == decoded:
                    yield frame
                    wanted.pop(0)
                if not wanted:
                    return
            problem = f"ends after {decoded + 1} of {quantity(self.count, 'frame')}"
            raise UnreadableFile(undecodable(self.path, problem, REPLACE))

    def frames(self, numbers: Sequence[int]) -> Iterator[Any]:
        """The frames, one after another, upright."""
        turn = self._turn[1]
        for frame in self._decoded(numbers):
            image = frame.to_image()
            yield image if turn is None else image.transpose(turn)

    def seconds(self, numbers: Sequence[int]) -> list[float] | None:
        """When each frame is shown, as the file says."""
        times = [frame.time for frame in self._decoded(numbers)]
        return None if None in times else times


def display_matrix(frame: Any) -> Turn:
    """a, b, c, d of the display matrix of a frame of PyAV's: phones write it instead of turning the pixels."""
    told = [one for one in frame.side_data if one.type.name == "DISPLAYMATRIX"]
    if not told:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = (round(one / 65536, 3) for one in struct.unpack("=9i", bytes(told[0])))
    return a, b, c, d


def import_av(path: Path) -> Any:
    """PyAV; DataError that names the extra where it is missing."""
    try:
        import av
    except ImportError:
        raise DataError(
            f"{path} is no folder, GIF, WebP or PNG; to read it as a video, install the extra: "
            "pip install 'jumok[video]'"
        ) from None
    return av
