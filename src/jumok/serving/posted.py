"""Values that clients send, as a predictor reads them; nothing of them is ever taken for a path or an address."""

import base64
import binascii
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jumok.errors import DataError
from jumok.kinds.contract import InputField
from jumok.predictor.predictor import Predictor
from jumok.web.uploads import decode_image, decode_upload
from jumok.wording import quantity

NUMPY = b"\x93NUMPY"  # how such a file begins
BASE64 = "b64"  # the key of an object that stands for a file


class PostedValues:
    """Turns what clients send into values of the inputs of a predictor."""

    def __init__(self, predictor: Predictor, pixels: int, tokens: int, folder: Path) -> None:
        self.predictor, self.pixels, self.tokens, self.folder = predictor, pixels, tokens, folder
        self.tables = 0  # files that were written into the folder

    def parse(self, posted: Any, uploads: Mapping[str, Sequence[bytes]]) -> dict[str, Any]:
        """The values of one example by name.

        Args:
            posted: A value where the model has one input, or values by name; None where all are uploads.
            uploads: The bytes of files by the name of their input.

        Returns:
            What the predictor reads.

        Raises:
            DataError: A value is none of its kind, has too many pixels or tokens, or its name is unknown.
        """
        inputs = self.predictor.inputs
        given = self.by_name(posted, uploads)
        wrong = [str(name) for name in {**given, **uploads} if name not in inputs]
        if wrong:
            raise DataError(f"the model has no input {wrong[0]!r}; it reads {', '.join(inputs)}")
        values = {name: self.value(inputs[name], value) for name, value in given.items() if value is not None}
        values |= {name: self.upload(inputs[name], files) for name, files in uploads.items()}
        for name, value in values.items():
            self.refuse_long(inputs[name], value)
        return values

    def by_name(self, posted: Any, uploads: Mapping[str, Sequence[bytes]]) -> Mapping[str, Any]:
        """Posted values by the name of their input."""
        inputs = self.predictor.inputs
        if isinstance(posted, Mapping) and set(posted) != {BASE64}:
            return posted
        if posted is None and uploads:
            return {}
        if len(inputs) != 1:
            raise DataError(
                f"this model reads several inputs ({', '.join(inputs)}); give them by name, as an object"
            )
        return dict.fromkeys(inputs, posted)

    def value(self, field: InputField, value: Any) -> Any:
        """One value of JSON: of an input that reads files a base64 text, numbers, or a list of such files."""
        if field.array is None and not field.reads_files:
            return field.codec.parse(value)
        if isinstance(value, str) or isinstance(value, Mapping) and set(value) == {BASE64}:
            return self.upload(field, [from_base64(field.name, value)])
        if isinstance(value, list) and value and all(isinstance(one, str | Mapping) for one in value):
            return self.upload(field, [from_base64(field.name, one) for one in value])
        if isinstance(value, list | np.ndarray):
            return self.array(field, value)
        raise DataError(
            f"{field.name} is of the kind {field.kind}; send it as a file of a form, as base64 "
            f'({{"{BASE64}": "..."}}), or as lists of numbers'
        )

    def array(self, field: InputField, value: Any) -> Any:
        """Numbers; of an image or frames the colours of its pixels, 0 to 255."""
        if field.array is None or not field.array.is_pixels:
            return field.codec.parse(value)
        try:
            array = np.asarray(value)
        except ValueError:
            array = np.empty(0)
        if array.ndim != len(field.array.shape) or array.dtype.kind not in "iu" or array.shape[-1] != 3:
            wanted = ", ".join("any" if size < 0 else str(size) for size in field.array.shape)
            raise DataError(
                f"{field.name} must be whole numbers of the shape ({wanted}); got {array.dtype} of {array.shape}"
            )
        if array.size and not 0 <= int(array.min()) <= int(array.max()) <= 255:
            raise DataError(
                f"{field.name} must be colours between 0 and 255; got {array.min()} to {array.max()}"
            )
        if array[..., 0].size > self.pixels:
            raise DataError(
                f"{field.name} has {array[..., 0].size / 1e6:,.0f} million pixels, at most {self.pixels / 1e6:g} "
                "million are read; make it smaller"
            )
        return field.codec.parse(array.astype(np.uint8))

    def upload(self, field: InputField, files: Sequence[bytes]) -> Any:
        """One file, or several that are frames."""
        if field.array is None:
            return field.codec.parse(text_of_file(field.name, b"".join(files)))
        if len(files) > 1 and not field.array.is_pixels:
            raise DataError(f"{field.name} came in {quantity(len(files), 'file')}; send one")
        if len(files) == 1:
            content = self.decoded(field, files[0])
            return (
                self.array(field, content) if isinstance(content, np.ndarray) else field.codec.parse(content)
            )
        return field.codec.parse([decode_image(data, field.name, self.pixels) for data in files])

    def decoded(self, field: InputField, data: bytes) -> Any:
        """The content of a file, by how it begins: an array, an image, a video, or a table."""
        if data.startswith(NUMPY):
            return load_npy(field.name, data)
        if field.array is not None and field.array.is_pixels:
            return (
                str(self.kept(data, ".mp4"))
                if is_video(data)
                else decode_upload(data, field.name, self.pixels)
            )
        if data.lstrip()[:1] == b"[":
            return read_numbers(field.name, data)
        return str(self.kept(data, ".csv"))

    def kept(self, data: bytes, suffix: str) -> Path:
        """A file that a kind reads itself, under a name of ours, for as long as the batch is computed."""
        self.tables += 1
        path = self.folder / f"{self.tables}{suffix}"
        path.write_bytes(data)
        return path

    def refuse_long(self, field: InputField, value: Any) -> None:
        """DataError if an input has more tokens, states or frames than the server takes."""
        lengths = field.batching.lengths
        if lengths is None or (isinstance(value, str) and len(value) < self.tokens // 4):
            return
        count = int(lengths(field.codec.encode([value]))[0])
        if count > self.tokens:
            raise DataError(
                f"{field.name} has {count:,} {field.batching.unit}, at most {self.tokens:,} are read here; shorten it"
            )


def is_video(data: bytes) -> bool:
    """Whether a file is MP4, Matroska or AVI; a list of other files, which a decoder would open, is none of them."""
    return (
        data[4:8] == b"ftyp"
        or data[:4] == b"\x1a\x45\xdf\xa3"
        or (data[:4], data[8:12]) == (b"RIFF", b"AVI ")
    )


def from_base64(name: str, value: Any) -> bytes:
    """The bytes of a base64 text, or of an object that holds one."""
    text: Any = value.get(BASE64) if isinstance(value, Mapping) else value
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise DataError(
            f"{name} is not base64; send the bytes of the file as base64, or the file in a form; paths and addresses "
            "are never read"
        ) from None


def load_npy(name: str, data: bytes) -> np.ndarray:
    """The array of a .npy file."""
    try:
        array: np.ndarray = np.load(io.BytesIO(data))
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise DataError(f"{name} cannot be read as .npy ({error}); save it as an array of numbers") from None
    return array


def read_numbers(name: str, data: bytes) -> Any:
    """The lists of numbers of a JSON file."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} cannot be read as JSON ({error}); send lists of numbers") from None


def text_of_file(name: str, data: bytes) -> str:
    """The text of a file; DataError if it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 (byte {error.start + 1}); send it as UTF-8") from None
