"""onnxruntime as the engine of a predictor: programs of ONNX in place of encoders, decoders and heads."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from jumok.choices import Precision
from jumok.data.text.specials import BANNED
from jumok.deferred import import_extra
from jumok.errors import DataError, RunError
from jumok.kinds.searching import build_search
from jumok.model import EncoderDecoder
from jumok.predictor.engine import log_probabilities_of, tokens_read
from jumok.predictor.exported import CPU, EXPORT_AGAIN, ExportDescription, length_limit, no_torch_model
from jumok.predictor.program_inputs import count_rows, pad_inputs, program_tensors, read_stand_ins
from jumok.search import Search
from jumok.values import Padded

if TYPE_CHECKING:
    from jumok.kinds.options import DecodingOptions

ONNX_FILES = "onnx"  # the folder within that of the exported model
MODEL_FILE, STEP_FILE = "model.onnx", "{name}.step.onnx"


class Program:
    """A file of ONNX in onnxruntime."""

    def __init__(self, path: Path) -> None:
        runtime = import_extra("onnxruntime", "export", f"{path}, a model of ONNX,")
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        options.log_severity_level = 3
        try:
            self.session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has kinds of its own for each cause
            raise RunError(f"{path} cannot be loaded ({first_error_line(error)}); {EXPORT_AGAIN}") from None
        self.inputs = [one.name for one in self.session.get_inputs()]
        self.outputs = [one.name for one in self.session.get_outputs()]
        self.path = path

    def __call__(self, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The results by name; tensors that the program does not read are left out."""
        feed = {name: given[name].contiguous().numpy() for name in self.inputs}
        try:
            found = self.session.run(None, feed)
        except Exception as error:
            shapes = ", ".join(f"{name} {tuple(one.shape)}" for name, one in feed.items())
            raise DataError(
                f"{self.path} does not take inputs of these shapes: {shapes} ({first_error_line(error)}); give "
                "inputs like those it was exported with, or name the run"
            ) from None
        return {name: torch.from_numpy(one) for name, one in zip(self.outputs, found, strict=True)}


def first_error_line(error: Exception) -> str:
    """The first line of a message."""
    return str(error).partition("\n")[0][:200]


@dataclass(frozen=True)
class Results:
    """What the program computes of a batch, in place of its memories."""

    tensors: Mapping[str, Tensor]
    states: Tensor  # (B,), without meaning: searches ask how many sources there are, and where

    @property
    def joined(self) -> "Results":
        """Itself: what heads read is computed already."""
        return self

    def of(self, name: str) -> "Results":
        """Itself."""
        return self


class ComputedOutput:
    """Stands for a head: gives what the program has computed of it."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self.type, self.tensors = description["type"], description["tensors"]

    def __call__(self, results: Results) -> Any:
        """The named tuple of the head, or its only tensor."""
        values = {path: results.tensors[name] for path, name in self.tensors.items()}
        return values[""] if self.type is None else named_tuple(self.type)(**values)

    def forecast(self, results: Results) -> Tensor:
        """The only tensor, of a head that forecasts."""
        found: Tensor = self(results)
        return found


def named_tuple(name: str) -> Any:
    """The named tuples of heads; RunError for one that is not known."""
    from jumok.heads.dense import DenseBoxes
    from jumok.heads.query import QueryBoxes

    known: dict[str, Any] = {"DenseBoxes": DenseBoxes, "QueryBoxes": QueryBoxes}
    if name not in known:
        raise RunError(f"there is no {name!r} to make answers of; {EXPORT_AGAIN}")
    return known[name]


@dataclass(frozen=True)
class ProgramState:
    """The state of an exported decoder: tensors by name, those of sources also once for each hypothesis."""

    hypotheses: Mapping[str, Tensor]
    sources: Mapping[str, Tensor]
    axes: Mapping[str, int]
    spread: Mapping[str, Tensor] | None = (
        None  # those of sources, once for each hypothesis; None: not yet made
    )

    def select(self, rows: Tensor, sources: Tensor | None) -> "ProgramState":
        """Keep hypotheses `rows` (R',) and sources `sources` (B',); None: all of them, as they stand."""
        kept = {name: one.index_select(self.axes[name], rows) for name, one in self.hypotheses.items()}
        if sources is None:
            same = self.spread is not None and all(
                one.shape[self.axes[name]] == len(rows) for name, one in self.spread.items()
            )
            return ProgramState(kept, self.sources, self.axes, self.spread if same else None)
        fewer = {name: one.index_select(self.axes[name], sources) for name, one in self.sources.items()}
        return ProgramState(kept, fewer, self.axes)

    def spread_over(self, rows: int) -> Mapping[str, Tensor]:
        """Those of sources (B, ...) once for each of R hypotheses."""
        if self.spread is not None:
            return self.spread
        found = {}
        for name, one in self.sources.items():
            axis = self.axes[name]
            found[name] = one.repeat_interleave(rows // one.shape[axis], axis)
        return found


class ProgramDecoder:
    """A decoder of texts whose start is in the program that encodes, and whose step is one of its own."""

    def __init__(self, folder: Path, description: Mapping[str, Any], started: Mapping[str, Any]) -> None:
        self.step_program = Program(folder / description["file"])
        self.axes, self.changed = description["state"], description["changed"]
        self.started = started["tensors"]

    def start(self, memory: Any) -> ProgramState:
        """The state before the first token."""
        state = {path: memory.tensors[name] for path, name in self.started.items()}
        hypotheses = {path: state[path] for path in self.changed}
        sources = {path: one for path, one in state.items() if path not in hypotheses}
        return ProgramState(hypotheses, sources, self.axes)

    def step(self, token: Tensor, state: ProgramState) -> tuple[Tensor, ProgramState]:
        """Read token (R,); logits of the next one (R, V) and the state after it."""
        spread = state.spread_over(len(token))
        found = self.step_program({"token": token, **state.hypotheses, **spread})
        after = {path: found[f"next.{path}"] for path in self.changed}
        return found["logits"], ProgramState(after, state.sources, state.axes, spread)


class OnnxEngine:
    """A model in onnxruntime."""

    def __init__(self, folder: Path, description: ExportDescription) -> None:
        self.folder, self.description, self.device = folder, description, CPU
        programs = description.programs
        self.encoder, self.pads = Program(folder / programs["encode"]["file"]), programs["pad"]
        outputs, steps = programs["encode"]["outputs"], programs["steps"]
        self.partial = frozenset(programs["encode"].get("partial", ()))  # inputs that rows may lack
        self.stand_ins = read_stand_ins(folder) if self.partial else {}
        self.decoders: dict[str, Any] = {
            name: ProgramDecoder(folder, steps[name], one) if name in steps else ComputedOutput(one)
            for name, one in outputs.items()
        }

    @property
    def model(self) -> EncoderDecoder:
        """There is none in torch."""
        raise no_torch_model(self.folder)

    def max_length(self, name: str) -> float:
        """The longest item of an input."""
        return length_limit(self.description, name)

    def build_search(self, options: "DecodingOptions") -> Search:
        """A search of our own, step by step."""
        return build_search(options, BANNED)

    def computing(self, precision: Precision) -> nullcontext[None]:
        """Nothing: the precision is that of the exported weights."""
        return nullcontext()

    def encode(self, batch: Mapping[str, Any]) -> Results:
        """What the program computes of a batch; DataError where a row lacks an input that it needs."""
        given = pad_inputs(program_tensors(batch, self.partial, self.stand_ins), self.pads)
        return Results(self.encoder(given), torch.empty(count_rows(batch)))

    def token_log_probabilities(self, name: str, batch: Mapping[str, Any], written: Padded) -> Tensor:
        """The log-probabilities (B, T) of the tokens of given texts, step by step; see `Engine`."""
        decoder, logits = self.decoders[name], []
        state = decoder.start(self.encode(batch))
        for token in tokens_read(written.values).unbind(1):
            step, state = decoder.step(token, state)
            logits.append(step)
        return log_probabilities_of(torch.stack(logits, 1), written.values)
