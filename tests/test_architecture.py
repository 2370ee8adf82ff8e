"""The house: a room imports only from rooms above it, files are short, and some things never come in."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path

import pytest

from jumok.kinds.contract import InputField, OutputField
from jumok.kinds.packages import KINDS
from jumok.runs import layout

SOURCE = Path(__file__).parents[1] / "src" / "jumok"
FILES = sorted(SOURCE.rglob("*.py"))
LINES = 400
ORDER = [
    *[
        "errors",
        "console",
        "choices",
        "wording",
        "deferred",
        "machine",
        "device",
        "files",
        "outputs",
        "values",
        "nested",
        "classes",
        "dropout",
        "geometry",
        "attention",
        "layers",
        "encoders",
        "necks",
    ],
    *[
        "decoders",
        "heads",
        "losses",
        "metrics",
        "search",
        "baselines",
        "data",
        "data.row",
        "data.cache",
        "data.tables",
        "data.images",
        "data.series",
        "data.clips",
        "data.annotations",
        "data.annotations.segmentation",
        "data.annotations.annotated",
        "data.annotations.finding",
        "data.annotations.palette",
        "data.annotations.class_names",
        "data.annotations.texts",
        "data.annotations.documents",
        "data.annotations.coco",
        "data.annotations.shapes",
        "data.annotations.box_tables",
        "data.annotations.yolo",
        "data.annotations.voc",
        "data.annotations.cvat",
        "data.annotations.labelme",
        "data.annotations.labelstudio",
        "data.annotations.masks",
        "data.annotations.checking",
        "data.annotations.image_rows",
        "data.annotations.source",
        "data.annotations.splits",
        "data.text",
        "data.batching",
        "data.split",
        "drawing",
        "model",
        "presets",
        "kinds",
        "kinds.features",
        "kinds.packages",
        "kinds.axes",
        "kinds.error_tables",
        "kinds.options",
        "kinds.made_up",
        "kinds.templates",
        "kinds.learning_rates",
        "kinds.blocks",
        "kinds.backbones",
        "kinds.replay",
        "kinds.pooling",
        "kinds.pooled_answer",
        "kinds.checking",
        "kinds.class_evidence",
        "kinds.mistakes",
        "kinds.survey",
        "kinds.saved",
        "kinds.contract",
        "kinds.presence",
        "kinds.classes",
        "kinds.overlay",
        "kinds.charts",
        "kinds.fitting",
        "kinds.searching",
        "kinds.text",
        "kinds.image",
        "kinds.boxes",
        "kinds.mask",
        "kinds.label",
        "kinds.values",
        "kinds.series",
        "kinds.forecast",
        "kinds.frames",
        "kinds.field_options",
        "kinds.catalogue",
        "experiment",
        "dataset",
    ],
    *[
        "runs",
        "predictor",
        "evaluation",
        "reporting",
        "training",
        "sweeps",
        "proving",
        "labelling",
        "labelling.contract",
        "labelling.refusals",
        "labelling.order",
        "labelling.files",
        "labelling.objects",
        "labelling.coco",
        "labelling.folders",
        "labelling.tools",
        "labelling.masks",
        "labelling.object_masks",
        "labelling.tables",
        "labelling.box_tables",
        "labelling.recordings",
        "labelling.proposing",
        "labelling.opening_objects",
        "labelling.opening",
        "labelling.trainings",
        "inspection",
        "web",
        "workbench",
        "serving",
        "exporting",
        "scale",
        "demos",
        "cli",
    ],
    *["__init__", "__main__"],
]
PAGE = SOURCE.parents[1] / "docs" / "architecture.md"
PAGE_BEGINS = """# The rooms of jumok

> A model is **encoders** that turn inputs into **memories**, and **decoders or heads** that question those memories.
> **Attention** is the one operation that connects them, so it is written once, runs on fused kernels, and can be
> looked at any time.

Every folder of `src/jumok/` is a room. A room imports only from the rooms that stand above it here, and so do the wings
of a room that has some, so that no two rooms know each other. One sentence takes this way through the house: `cli` →
`predictor` → `search` → `model` → `decoders` → `layers` → `attention`, and every arrow is a plain call.

`tests/test_architecture.py` holds the order. This page is written from it and from the docstrings:
`python tests/test_architecture.py > docs/architecture.md`.

"""
BESIDE = SOURCE / "exporting" / "beside"  # parts of a program that leaves the package
HUB_FILE = SOURCE / "encoders" / "pretrained.py"  # names a file of others that is called like our weights
WITH_WINGS = {"data", "data.annotations", "kinds", "labelling"}
UNSAFE_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNSAFE_CALLS = {"torch.save", "torch.load"}


def room(file: Path) -> str:
    return room_of(file.relative_to(SOURCE).with_suffix("").parts)


def room_of(parts: Sequence[str]) -> str:
    """The room of a module by its names below ours; the wings of a room that has some are rooms of their own."""
    name, *inner = parts
    for part in inner:
        if name not in WITH_WINGS or part == "__init__":
            break
        name = f"{name}.{part}"
    return name


ROOMS = {room(file) for file in FILES}


@cache
def nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def room_of_module(module: str) -> str:
    """The room of a module of ours: `jumok.search.beam` is in `search`, `jumok` itself is `__init__`."""
    return room_of(module.split(".")[1:] or ["__init__"])


def docstring_of(name: str) -> str:
    """The first sentences of a room, in one line."""
    place = SOURCE.joinpath(*name.split("."))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    told = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(told.split("\n\n")[0].split())


def page_of_rooms() -> str:
    """docs/architecture.md: the rooms and their wings in order, with what each says of itself."""
    lines = []
    for name in ORDER:
        *above, own = name.split(".")
        if not own.startswith("__"):
            lines.append(f"{'  ' * len(above)}- `{own}`: {docstring_of(name)}")
    return PAGE_BEGINS + "\n".join(lines) + "\n"


def imported_rooms(node: ast.AST) -> list[str]:
    """Our rooms that an import statement opens."""
    if isinstance(node, ast.Import):
        return [room_of_module(alias.name) for alias in node.names if alias.name.split(".")[0] == "jumok"]
    if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] != "jumok":
        return []
    module = node.module or ""
    if module == "jumok":  # `from jumok import errors` opens a room, `from jumok import load` the whole house
        return [alias.name if alias.name in ROOMS else "__init__" for alias in node.names]
    if room_of_module(module) in WITH_WINGS:
        return [room_of_module(f"{module}.{alias.name}") for alias in node.names]
    return [room_of_module(module)]


def imported_modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_knows_no_other_kind(kind):
    own, others = f"kinds.{kind}", {f"kinds.{other}" for other in KINDS if other != kind}
    for file in (SOURCE / "kinds" / kind).rglob("*.py"):
        opened = {name for node in nodes(file) for name in imported_rooms(node)}
        assert not opened & others, f"{file.name} of {own} knows {sorted(opened & others)}"


def test_every_room_has_a_place():
    assert set(ORDER) >= ROOMS, f"not named in ORDER: {ROOMS - set(ORDER)}"
    assert len(ORDER) == len(set(ORDER))


def test_every_room_says_what_it_is_and_the_page_of_rooms_repeats_it():
    assert [name for name in ORDER if not docstring_of(name)] == []
    assert PAGE.read_text(encoding="utf-8") == page_of_rooms()


def test_contributing_names_every_facet():
    """What a field may have stands in the guide to a new kind; switches and texts of a word or two need no guide."""
    guide = (SOURCE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    facets = {
        facet.name
        for field in (InputField, OutputField)
        for facet in fields(field)
        if facet.default is not MISSING and not isinstance(facet.default, bool | str | float)
    }
    assert {name for name in facets if f"`{name}`" not in guide} == set()


def places(rule: Callable[[Path], Iterator[tuple[int, str]]]) -> list[str]:
    """Where files break a rule, which gives lines and what is wrong there."""
    return [f"{file.relative_to(SOURCE)}:{line} {what}" for file in FILES for line, what in rule(file)]


def test_imports_point_upwards():
    def downwards(file: Path) -> Iterator[tuple[int, str]]:
        for node in nodes(file):
            for there in imported_rooms(node):
                if there not in ROOMS:
                    yield node.lineno, f"imports {there}, which does not exist"
                elif ORDER.index(there) > ORDER.index(room(file)):
                    yield node.lineno, f"imports {there}"

    assert not places(downwards)


def test_imports_are_absolute():
    def relative(file: Path) -> Iterator[tuple[int, str]]:
        for node in nodes(file):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield node.lineno, "imports from its own folder"

    assert not places(relative)


def test_files_are_short():
    sizes = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert not {str(file): lines for file, lines in sizes.items() if lines > LINES}


def test_files_are_data_never_code():
    def unsafe(file: Path) -> Iterator[tuple[int, str]]:
        for node in nodes(file):
            for module in imported_modules(node):
                if module.split(".")[0] in UNSAFE_MODULES or module in UNSAFE_CALLS:
                    yield node.lineno, f"imports {module}"
            if isinstance(node, ast.Attribute) and ast.unparse(node) in UNSAFE_CALLS:
                yield node.lineno, f"uses {ast.unparse(node)}"
            if isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
                yield node.value.lineno, f"uses {node.arg}"

    assert not places(unsafe)


def test_users_never_meet_an_assert():
    def asserting(file: Path) -> Iterator[tuple[int, str]]:
        yield from ((node.lineno, "assert") for node in nodes(file) if isinstance(node, ast.Assert))

    assert not places(asserting)


def stands_for_another(function) -> bool:
    """A function that hands on what another one is given."""
    return any(
        ast.unparse(decorator).startswith("wraps(") for decorator in getattr(function, "decorator_list", ())
    )


def test_nothing_swallows_options():
    def swallowing(file: Path) -> Iterator[tuple[int, str]]:
        for node in nodes(file):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if node.args.kwarg and not stands_for_another(node):
                yield node.lineno, f"takes **{node.args.kwarg.arg}"

    assert not places(swallowing)


def texts_of(file: Path) -> Iterator[ast.Constant]:
    """The strings of a file that are no docstrings."""
    prose = {id(node.value) for node in nodes(file) if isinstance(node, ast.Expr)}
    for node in nodes(file):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node


LAYOUT = {name: value for name, value in vars(layout).items() if name.isupper() and isinstance(value, str)}
FILES_OF_A_RUN = {name for name in LAYOUT.values() if "." in name.lstrip(".")} | {layout.CHECKPOINTS}
FOLDERS_OF_A_RUN = set(LAYOUT.values()) - FILES_OF_A_RUN - {layout.DATA, layout.EXAMPLES}  # also of packages


def test_only_runs_spells_the_layout_of_a_run():
    def spelling(file: Path) -> Iterator[tuple[int, str]]:
        if room(file) == "runs" or file.parent == BESIDE:
            return
        names = FILES_OF_A_RUN - ({layout.WEIGHTS} if file == HUB_FILE else set())
        for text in texts_of(file):
            for word in names & set(re.split(r"[^\w.-]+", text.value)):
                yield text.lineno, f"spells {word}; take it from jumok.runs.layout"
        for node in nodes(file):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                right = node.right.value if isinstance(node.right, ast.Constant) else None
                if right in FOLDERS_OF_A_RUN:
                    yield node.lineno, f"spells {right}; take it from jumok.runs.layout"

    assert not places(spelling)


def test_import_is_light():
    report = (
        "import sys, jumok, jumok.cli; loaded = {name.split('.')[0] for name in sys.modules}; "
        "print(*{'matplotlib', 'pyarrow', 'timm', 'torchvision'} & loaded)"
    )
    done = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


if __name__ == "__main__":
    sys.stdout.write(page_of_rooms())
