"""A folder of answers to images: predictions, what they are of, and images with what was found."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from jumok.drawing.encoding import jpeg, png
from jumok.drawing.sheet import LabelledImage, draw_sheet
from jumok.errors import DataError
from jumok.files import spelt_out
from jumok.kinds.classes import class_ids, class_names
from jumok.kinds.contract import InputField, OutputField
from jumok.outputs import OutputFolder
from jumok.predictor.jobs.answers import write_array
from jumok.predictor.jobs.image_files import distinct_names, image_ids
from jumok.values import Value

PREDICTIONS_FILE, IMAGES, MASKS = "predictions.json", "images.json", "masks"
MIN_IMAGE_WIDTH, MAX_IMAGE_WIDTH = 480, 1600  # pixels of an image

ValueOrError = Value | DataError  # what was predicted, or why nothing could be


class Named(NamedTuple):
    """An image and what it is called in the folder."""

    path: Path
    name: str
    id: int | str


class ImageResults:
    """A folder of predictions.

    predictions.json: for boxes exactly COCO's format of results; for others an object for each image.
    images.json: what ids and numbers mean, as COCO has it: images with file and size, categories; besides, the files
    that were written for each image, and images that could not be read.
    NAME.jpg: the image with what was found. masks/NAME.png: a mask whose values are the ids of the categories.
    """

    def __init__(
        self,
        folder: Path,
        read: InputField,
        said: OutputField,
        images: Sequence[Path],
        overwrite: bool = False,
        inputs: Iterable[Path] = (),
    ) -> None:
        if read.canvas is None:
            raise DataError(f"{read.name} is no image, so nothing can be drawn on it")
        self.read, self.canvas, self.said = read, read.canvas, said
        self.files = OutputFolder(folder, [*images, *inputs], overwrite)
        names = distinct_names(images)
        ids: Sequence[int | str] = image_ids(names)
        self.images = [Named(*of) for of in zip(images, names, ids, strict=True)]
        drawn = [f"{image.name}.jpg" for image in self.images]
        masked = self.images if said.to_image is not None else []
        masks = [f"{MASKS}/{image.name}.png" for image in masked]
        names = [PREDICTIONS_FILE, IMAGES, *drawn, *masks]
        self.files.require_free(names)
        self.files.remove_left(names)

    def write(self, answers: Iterable[ValueOrError]) -> None:
        """Write all answers, one for each image in their order."""
        records: list[dict[str, Any]] = []
        unread: list[dict[str, str]] = []

        def results() -> Iterator[dict[str, Any]]:
            for image, answer in zip(self.images, answers, strict=True):
                if isinstance(answer, DataError):
                    unread.append({"file_name": spelt_out(image.path.as_posix()), "error": str(answer)})
                    continue
                records.append(self.keep(image, answer))
                yield from self.records(image, answer)

        with self.files.written(PREDICTIONS_FILE) as out:
            write_array(out, results())
        classes = self.said.classes.classes if self.said.classes is not None else ()
        categories = [
            {"id": number, "name": one.name} for number, one in zip(class_ids(classes), classes, strict=True)
        ]
        about = {"images": records, "annotations": [], "categories": categories, "unreadable": unread}
        with self.files.written(IMAGES) as out:
            out.write(json.dumps(about, ensure_ascii=False, indent=1) + "\n")

    def records(self, image: Named, answer: Value) -> list[dict[str, Any]]:
        """The records of one image in predictions.json."""
        if self.said.records is None:
            return [{"image_id": image.id, **answer.to_json()}]
        return self.said.records(answer, image.id)

    def keep(self, image: Named, answer: Value) -> dict[str, Any]:
        """Write the files of one image; its record."""
        pixels = self.canvas.pixels(self.read.codec.parse(image.path))
        height, width = pixels.shape[1:]
        record = {"id": image.id, "file_name": image.path.as_posix(), "width": width, "height": height}
        record["picture"] = self.files.save(f"{image.name}.jpg", self.draw(image, answer, pixels))
        if self.said.to_image is not None:
            mask = png(self.said.to_image(answer))
            record["mask"] = self.files.save(f"{MASKS}/{image.name}.png", mask)
        return record

    def draw(self, image: Named, answer: Value, pixels: Tensor) -> bytes:
        """Draw the answer over the image, with a legend below.

        Args:
            image: The image's name and path.
            answer: The prediction.
            pixels: (3, Y, X).

        Returns:
            JPEG.
        """
        drawn = LabelledImage(pixels) if self.said.draw is None else self.said.draw(answer, pixels)
        name = image.path.name
        drawn = replace(drawn, title=f"{name}: {drawn.title}" if drawn.title else name)
        width = min(max(pixels.shape[2], MIN_IMAGE_WIDTH), MAX_IMAGE_WIDTH)
        return jpeg(draw_sheet([drawn], class_names(self.said), 1, width))
