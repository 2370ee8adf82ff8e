"""How the answers of a job are written: what is kept of each in its part, and how the parts are joined."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from jumok.errors import DataError
from jumok.outputs import open_output
from jumok.predictor.jobs.answers import (
    answer_texts,
    answer_to_json,
    is_json_lines,
    one_line,
    write_array,
    write_objects,
)
from jumok.predictor.jobs.events import Answered
from jumok.predictor.jobs.stream import IMAGES_AT_ONCE, above_threshold
from jumok.scale.tables import PARQUET, FileItems, LineItems, ParquetForm

if TYPE_CHECKING:
    from jumok.predictor import Predictor
    from jumok.predictor.jobs.chart_results import ChartResults
    from jumok.predictor.jobs.image_results import ImageResults


class Form(Protocol):
    """A way in which answers are written; its name and folder tell a worker which."""

    at_once: int  # inputs that are answered together

    def text(self, item: Any) -> str:
        """The input, as the predictor reads it."""
        ...

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """What is kept of an answer, as JSON; drawings are written.

        Args:
            item: The input, as it stands in the part.
            number: Its number, from 1.
            answered: The input with its answer.
        """
        ...

    def join(self, records: Iterable[Any]) -> None:
        """Write the output by what was kept of all answers."""
        ...


class LinesForm(FileItems):
    """A line for each input, in a file."""

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """The line that is written."""
        if isinstance(answered.answer, DataError):
            return ""
        return "\t".join(map(one_line, answer_texts(answered.answer)))

    def join(self, records: Iterable[Any]) -> None:
        """Write all lines."""
        with open_output(self.output) as out:
            out.writelines(f"{record}\n" for record in records)


class JsonForm(FileItems):
    """An object for each input, in a file: one array, or one a line where the name says so."""

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """The object that is written."""
        return answer_to_json(*answered)

    def join(self, records: Iterable[Any]) -> None:
        """Write all objects."""
        with open_output(self.output) as out:
            if is_json_lines(self.output):
                write_objects(out, records)
            else:
                write_array(out, records)


class ImagesForm:
    """A folder with an image for each input; an input is [path, name, id]."""

    at_once = IMAGES_AT_ONCE

    def __init__(self, results: "ImageResults", threshold: float | None) -> None:
        self.results, self.threshold = results, threshold

    def text(self, item: Any) -> str:
        """The path of the image."""
        return str(item[0])

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """What the files about all images tell of it; draws the image."""
        from jumok.predictor.jobs.image_results import Named

        path, name, identity = item
        return self.results.keep_all(
            Named(Path(path), name, identity), above_threshold(answered, self.threshold).answer
        )

    def join(self, records: Iterable[Any]) -> None:
        """Write the files about all images."""
        self.results.write_kept(records)


class ChartsForm(LineItems):
    """A folder with a chart for each input."""

    def __init__(self, results: "ChartResults") -> None:
        self.results = results

    def record(self, item: Any, number: int, answered: Answered) -> Any:
        """The object that is written; draws the chart."""
        from jumok.predictor.jobs.chart_results import chart_name

        return self.results.keep_all(chart_name(number), answered)

    def join(self, records: Iterable[Any]) -> None:
        """Write the file about all charts."""
        self.results.write_kept(records)


FILE_FORMS: dict[str, Callable[[Path], Form]] = {
    "lines": LinesForm,
    "json": JsonForm,
    "parquet": ParquetForm,
}


def file_form(output: Path, in_json: bool) -> str:
    """The kind of form of a file."""
    if output.suffix == PARQUET:
        return "parquet"
    return "json" if in_json else "lines"


def worker_form(kind: str, output: Path, predictor: "Predictor", threshold: float | None) -> Form:
    """The form of a worker, which draws what belongs to its answers; nothing is checked again.

    Args:
        kind: "lines", "json", "parquet", "images" or "charts".
        output: The file or folder of the answers.
        predictor: What answers.
        threshold: Objects of images below this score are left out.

    Returns:
        The form.
    """
    if kind == "images":
        from jumok.predictor.jobs.image_results import ImageResults

        (read,) = predictor.inputs.values()
        return ImagesForm(ImageResults(output, read, predictor.outputs, (), overwrite=True), threshold)
    if kind == "charts":
        from jumok.predictor.jobs.chart_results import ChartResults

        return ChartsForm(ChartResults(output, predictor, 0, overwrite=True))
    return FILE_FORMS[kind](output)


def image_items(results: "ImageResults") -> list[Sequence[Any]]:
    """The inputs of a job whose answers are drawn: path, name and id of each image."""
    return [[str(image.path), image.name, image.id] for image in results.images]
