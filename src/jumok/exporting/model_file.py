"""model.py beside an exported model: it runs the model without jumok and without torch.

Its parts are the modules of `exporting/beside`, which import nothing of jumok but each other. They are joined into one
file that anybody may copy: their imports first, each once, then what they define.
"""

import ast
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from jumok.exporting.target import Runtime
from jumok.runs.layout import EXPORTED

MODEL_PROGRAM = "model.py"
PARTS: Mapping[Runtime, Sequence[str]] = {
    "ctranslate2": ("texts", "ctranslate2_model"),
    "onnx": ("texts", "images", "series", "numbers", "regions", "searching", "onnx_model"),
}
PACKAGE = "jumok.exporting.beside"
SUMMARY = (
    f'"""Runs the model of this folder without jumok and without torch; {EXPORTED} says what is done."""'
)


def write_model_program(folder: Path, runtime: Runtime) -> None:
    """Write model.py for a runtime."""
    (folder / MODEL_PROGRAM).write_text(joined_parts(PARTS[runtime]), encoding="utf-8")


def joined_parts(names: Sequence[str]) -> str:
    """Modules of `beside` as one file; each one may only import those before it."""
    imports: dict[str, None] = {}
    bodies = []
    for name in names:
        source = (files(PACKAGE) / f"{name}.py").read_text(encoding="utf-8")
        lines = source.splitlines()
        _docstring, *body = ast.parse(source).body
        loaded = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports |= dict.fromkeys(ast.unparse(node) for node in loaded if not is_part(node))
        bodies.append("\n".join(lines[(loaded[-1].end_lineno or 0) :]).strip())
    order = sorted(imports, key=lambda line: ("numpy" in line, line.startswith("from"), line))
    return "\n\n\n".join([f"{SUMMARY}\n\n" + "\n".join(order), *bodies]) + "\n"


def is_part(node: ast.Import | ast.ImportFrom) -> bool:
    """Whether an import is of another part."""
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}.")
