"""A folder of answers to images: predictions, what they are of, and images with what was found."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from jumok.drawing.encoding import jpeg, png
from jumok.drawing.sheet import draw_sheet
from jumok.errors import DataError
from jumok.files import spelt_out
from jumok.kinds.classes import class_ids
from jumok.kinds.contract import InputField, OutputField
from jumok.kinds.overlay import all_class_names, overlaid
from jumok.outputs import OutputFolder
from jumok.predictor.jobs.answers import ArrayWriter
from jumok.predictor.jobs.events import PredictionOrError
from jumok.predictor.jobs.image_files import distinct_names, image_ids
from jumok.values import Prediction, Value

PREDICTIONS_FILE, IMAGES, MASKS = "predictions.json", "images.json", "masks"
MIN_IMAGE_WIDTH, MAX_IMAGE_WIDTH = 480, 1600  # pixels of an image


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
    Of several outputs each has a folder OUTPUT with all but the images, which show all outputs.
    """

    def __init__(
        self,
        folder: Path,
        read: InputField,
        outputs: Mapping[str, OutputField],
        images: Sequence[Path],
        overwrite: bool = False,
        inputs: Iterable[Path] = (),
    ) -> None:
        if read.canvas is None:
            raise DataError(f"{read.name} is no image, so nothing can be drawn on it")
        self.read, self.canvas, self.outputs = read, read.canvas, outputs
        self.files = OutputFolder(folder, [*images, *inputs], overwrite)
        names = distinct_names(images)
        ids: Sequence[int | str] = image_ids(names)
        self.images = [Named(*of) for of in zip(images, names, ids, strict=True)]
        drawn = [f"{image.name}.jpg" for image in self.images]
        masks = [
            self.within(output, f"{MASKS}/{image.name}.png")
            for output, field in outputs.items()
            if field.to_image is not None
            for image in self.images
        ]
        listed = [self.within(output, file) for output in outputs for file in (PREDICTIONS_FILE, IMAGES)]
        names = [*listed, *drawn, *masks]
        self.files.require_free(names)
        self.files.remove_left(names)

    def within(self, output: str, file: str) -> str:
        """Where a file of an output is in the folder."""
        return file if len(self.outputs) == 1 else f"{output}/{file}"

    def write(self, answers: Iterable[PredictionOrError]) -> None:
        """Write all answers, one for each image in their order."""
        self.write_kept(
            self.keep_all(image, answer) for image, answer in zip(self.images, answers, strict=True)
        )

    def keep_all(self, image: Named, answer: PredictionOrError) -> dict[str, Any]:
        """Write the drawing and masks of one image; what is told of it by output, as JSON, or why it is unread."""
        if isinstance(answer, DataError):
            return {"unread": {"file_name": spelt_out(image.path.as_posix()), "error": str(answer)}}
        about = self.keep(image, answer)
        return {
            "images": {
                output: {**about, **self.keep_mask(image, output, answer[output])} for output in self.outputs
            },
            "answers": {output: self.records(image, output, answer[output]) for output in self.outputs},
        }

    def write_kept(self, kept: Iterable[dict[str, Any]]) -> None:
        """Write the files that tell of all images, by what `keep_all` gave for each."""
        records: dict[str, list[dict[str, Any]]] = {output: [] for output in self.outputs}
        unread: list[dict[str, str]] = []
        with ExitStack() as stack:
            arrays = {
                output: ArrayWriter(
                    stack.enter_context(self.files.written(self.within(output, PREDICTIONS_FILE)))
                )
                for output in self.outputs
            }
            for told in kept:
                if "unread" in told:
                    unread.append(told["unread"])
                    continue
                for output, array in arrays.items():
                    records[output].append(told["images"][output])
                    for record in told["answers"][output]:
                        array.add(record)
            for array in arrays.values():
                array.end()
        for output, of_images in records.items():
            self.tell_images(output, of_images, unread)

    def tell_images(
        self, output: str, records: Sequence[dict[str, Any]], unread: Sequence[dict[str, str]]
    ) -> None:
        """Write images.json of an output.

        Args:
            output: The name of the output.
            records: What is told of each image.
            unread: The images that could not be read, with the reasons.
        """
        evidence = self.outputs[output].classes
        classes = evidence.classes if evidence is not None else ()
        categories = [
            {"id": number, "name": one.name} for number, one in zip(class_ids(classes), classes, strict=True)
        ]
        about = {"images": records, "annotations": [], "categories": categories, "unreadable": unread}
        with self.files.written(self.within(output, IMAGES)) as out:
            out.write(json.dumps(about, ensure_ascii=False, indent=1) + "\n")

    def records(self, image: Named, output: str, answer: Value) -> list[dict[str, Any]]:
        """What predictions.json of an output says of one image."""
        field = self.outputs[output]
        if field.records is None:
            return [{"image_id": image.id, **answer.to_json()}]
        return field.records(answer, image.id)

    def keep(self, image: Named, answer: Prediction) -> dict[str, Any]:
        """Write the drawing of one image; returns its record."""
        pixels = self.canvas.pixels(self.read.codec.parse(image.path))
        height, width = pixels.shape[1:]
        record = {"id": image.id, "file_name": image.path.as_posix(), "width": width, "height": height}
        record["picture"] = self.files.save(f"{image.name}.jpg", self.draw(image, answer, pixels))
        return record

    def keep_mask(self, image: Named, output: str, answer: Value) -> dict[str, str]:
        """Write the mask of one image where the output has one; what its record says of it."""
        to_image = self.outputs[output].to_image
        if to_image is None:
            return {}
        file = self.within(output, f"{MASKS}/{image.name}.png")
        return {"mask": self.files.save(file, png(to_image(answer)))}

    def draw(self, image: Named, answer: Prediction, pixels: Tensor) -> bytes:
        """The image with the answers over it and a legend below."""
        drawn = overlaid(self.outputs, answer.outputs, pixels)
        name = image.path.name
        drawn = replace(drawn, title=f"{name}: {drawn.title}" if drawn.title else name)
        width = min(max(pixels.shape[2], MIN_IMAGE_WIDTH), MAX_IMAGE_WIDTH)
        return jpeg(draw_sheet([drawn], all_class_names(self.outputs), 1, width))
