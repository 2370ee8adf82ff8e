"""Video files, where PyAV is installed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from jumok.data.images.reading import REPLACE, Size, check_pixels, undecodable
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.wording import quantity


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

    def size(self, numbers: Sequence[int]) -> Size:
        """Width and height of the stream."""
        with self._opened() as (_, stream):
            return Size(stream.width, stream.height)

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
        """The frames, one after another."""
        for frame in self._decoded(numbers):
            yield frame.to_image()

    def seconds(self, numbers: Sequence[int]) -> list[float] | None:
        """When each frame is shown, as the file says."""
        times = [frame.time for frame in self._decoded(numbers)]
        return None if None in times else times


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
