"""A run leaves for another runtime: its files, what they are, how to run them, and the proof that nothing was lost."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from jumok.dataset.prepare import Say
from jumok.dataset.split import Split
from jumok.errors import ConfigurationError, RunError
from jumok.evaluation.answers import final_split, open_split
from jumok.evaluation.record import read_evaluation
from jumok.exporting.ctranslate2_export import export_ctranslate2
from jumok.exporting.describing import describe_input, describe_output
from jumok.exporting.model_file import write_model_program
from jumok.exporting.onnx_export import export_onnx
from jumok.exporting.proof import ExportProof, ProofProgress, compare_exported
from jumok.exporting.readme import write_readme
from jumok.exporting.target import Exporter, ExportRequest, Quantization, Runtime, Written
from jumok.files import remove, sync_folder, temporary_beside, unwritable, write_json
from jumok.predictor.exported import ExportDescription, names_below
from jumok.predictor.model_folder import load, save_model
from jumok.predictor.predictor import Predictor
from jumok.runs.config import experiment_of
from jumok.runs.layout import MODEL, PROOF, WEIGHTS, RunLayout, is_exported, model_folder, require_run, run_of

EXPORTERS: dict[Runtime, Exporter] = {"ctranslate2": export_ctranslate2, "onnx": export_onnx}
QUANTIZATIONS: dict[Runtime, tuple[Quantization, ...]] = {
    "ctranslate2": ("none", "int8", "int16"),
    "onnx": ("none", "int8"),
}
SHAPED_BY_EXAMPLES: tuple[Runtime, ...] = ("onnx",)


@dataclass(frozen=True)
class Exported:
    """An exported model, and its proof where there is one."""

    folder: Path
    original_megabytes: float  # of the weights
    megabytes: float  # of the files that took their place
    proof: ExportProof | None


def export(
    run: Path,
    to: Runtime,
    folder: Path | None = None,
    quantize: Quantization = "none",
    examples: int | None = None,
    proven: bool = True,
    overwrite: bool = False,
    say: Say = lambda _: None,
    progress: ProofProgress | None = None,
) -> Exported:
    """Export a run, and compare what it answers with what the run itself answers.

    Args:
        run: The run, or its model folder.
        to: The runtime.
        folder: Where the exported model goes; by default a folder of the run, called like the runtime.
        quantize: What the matrices are kept in.
        examples: How many examples of the test split are answered; None for all.
        proven: Whether they are answered at all.
        overwrite: Whether an older export in the folder may be replaced.
        say: Is told what happens.
        progress: Is told how many answers are there, and how many there will be.

    Returns:
        The exported model with its proof, which is also in `proof.json`.

    Raises:
        RunError: The run has no model, or was not trained to its end.
        ConfigurationError: The runtime does not have such models, or the extra `export` is not installed.
        DataError: The examples for the proof cannot be read.
    """
    require_exportable(run)
    check_quantization(to, quantize)
    folder = folder or run_of(run) / to
    require_free_folder(folder, overwrite)
    predictor = load(run, "cpu", {"precision": "fp32"})
    experiment = experiment_of(run)
    split = None
    if proven or to in SHAPED_BY_EXAMPLES:
        split = open_split(experiment, predictor, final_split(experiment), say)
    request = ExportRequest(run, predictor, experiment, quantize, split)
    with complete_folder(folder) as place:
        write_export(place, to, request)
    say(f"{folder}: written")
    proof = None
    if proven and split is not None:
        proof = prove_export(folder, predictor, split, quantize, examples, progress)
    weights = (model_folder(run) / WEIGHTS).stat().st_size / 1e6
    return Exported(folder, weights, megabytes_of(folder / to), proof)


def write_export(folder: Path, to: Runtime, request: ExportRequest) -> None:
    """Write all files but the proof into a folder."""
    save_model(folder, request.experiment, request.predictor.fields, request.predictor.model)
    written = EXPORTERS[to](folder, request)
    describe_export(folder, to, request, written)


def describe_export(folder: Path, to: Runtime, request: ExportRequest, written: Written) -> None:
    """Write README.md, model.py and model.json.

    Args:
        folder: The exported model.
        to: The runtime.
        request: What was exported.
        written: What its exporter has written.
    """
    predictor = request.predictor
    write_model_program(folder, to)
    write_readme(folder, request.run, to, predictor)
    ExportDescription(
        engine=to,
        quantize=request.quantize,
        jumok=version("jumok"),
        inputs={
            name: describe_input(field, written.limits[name]) for name, field in predictor.inputs.items()
        },
        outputs={name: describe_output(field, predictor) for name, field in predictor.outputs.items()},
        programs=written.programs,
    ).write(folder)


def prove_export(
    folder: Path,
    predictor: Predictor,
    split: Split,
    quantize: Quantization,
    examples: int | None,
    progress: ProofProgress | None,
) -> ExportProof:
    """Compare the exported model with the original, and write `proof.json`.

    Args:
        folder: The exported model.
        predictor: The original.
        split: The examples.
        quantize: What the matrices are kept in.
        examples: How many are answered; None for all.
        progress: Is told how many answers are there.

    Returns:
        The proof.
    """
    exported = load(folder, "cpu").with_options(predictor.decoding)
    proof = compare_exported(predictor, exported, split, quantize, examples, progress)
    write_json(folder / PROOF, proof.to_json())
    return proof


def require_exportable(run: Path) -> None:
    """Refuse what is no run with a whole model; raises RunError."""
    require_run(run)
    if is_exported(run):
        raise RunError(f"{run} is an exported model already; name the run that it was exported from")
    model_folder(run)
    if RunLayout(run).checkpoints.exists() and read_evaluation(run) is None:
        raise RunError(
            f"{run} was not trained to its end; train it on with the same `jumok train` command, or export the best "
            f"model so far: {run / MODEL}"
        )


def check_quantization(to: Runtime, quantize: Quantization) -> None:
    """Refuse what a runtime does not have; raises ConfigurationError."""
    if quantize not in QUANTIZATIONS[to]:
        known = ", ".join(QUANTIZATIONS[to])
        raise ConfigurationError(f"--quantize {quantize} is not there for {to}; known are: {known}")


def require_free_folder(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that is there, unless it is an export that may be replaced; raises RunError."""
    if not os.path.lexists(folder):
        return
    if not is_exported(folder):
        raise RunError(f"{folder} exists and is no exported model; name another folder by --output")
    if not overwrite:
        raise RunError(f"{folder} exists; name another folder by --output, or say --overwrite to replace it")


@contextmanager
def complete_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside a path, which gets its name when the block ends well."""
    temporary = temporary_beside(folder)
    remove(temporary)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(temporary, folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise unwritable(folder, error) from None
    finally:
        remove(temporary)


def megabytes_of(folder: Path) -> float:
    """The size of all files of a folder."""
    return sum((folder / name).stat().st_size for name in names_below(folder)) / 1e6
