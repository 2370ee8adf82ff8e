"""The words of the code: all that is public says what it is, and one name has one meaning in the package."""

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import jumok

SOURCE = Path(jumok.__file__).parent
BESIDE = SOURCE / "exporting" / "beside"  # parts of a program that leaves the package, with names of its own
FILES = sorted(file for file in SOURCE.rglob("*.py") if file.parent != BESIDE)
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}
Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef

# Names that stand at the top of several modules on purpose.
SHARED_NAMES = {
    "ENTRY": "what a new experiment file says of a kind, one in each",
    "EXAMPLE": "what a command is told to do in its help, one for each command",
    "EXPERIMENT": "the experiment file of a demo, one in each",
    "INPUT": "the options of a kind that can be an input",
    "INPUT_TEMPLATE": "what each kind offers",
    "OUTPUT": "the options of a kind that can be an output",
    "OUTPUT_TEMPLATE": "what each kind offers",
    "PRIOR": "the score before training, of cells in one head and of queries in the other",
    "SEED": "the seed of what a module draws: data of a demo, examples of an analysis",
    "SMALL_ENTRY": "the same for made-up examples",
    "areas": "of boxes in a tensor, and of boxes in an array: matching works without torch",
    "command": "what `jumok NAME` does, one for each command",
    "fit_input": "what each kind offers",
    "fit_output": "what each kind offers",
    "load_input": "what each kind offers",
    "load_output": "what each kind offers",
    "optimize": "scipy.optimize, loaded when it is used",
    "to_xywh": "of boxes in a tensor, and of boxes in an array: matching works without torch",
    "transforms": "torchvision's functions, loaded when they are used",
    "write": "writes the data and experiment file of a demo, one in each",
}

# Words that gave way to those of the field, and the rooms in which names, comments or docstrings still have them.
FORMER_WORDS: dict[str, set[str]] = {
    "picture": set(),
    "mend": set(),
}


def room_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def is_protocol(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases)


def is_stub(node: Documented) -> bool:
    return ast.unparse(node.body[0]) == "..."


def is_variant(node: Documented) -> bool:
    """Whether a function is an overload of another one, or the setter of a property."""
    decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(one.endswith(("overload", ".setter")) for one in decorators)


def public(node: ast.Module | Documented, above: str = "") -> Iterator[tuple[str, Documented]]:
    """The public classes, functions and methods, with dotted names; stubs of protocols are told by their class."""
    for inner in node.body:
        if not isinstance(inner, Documented) or inner.name.startswith("_") or is_variant(inner):
            continue
        if is_protocol(node) and is_stub(inner):
            continue
        yield f"{above}{inner.name}", inner
        if isinstance(inner, ast.ClassDef):
            yield from public(inner, f"{above}{inner.name}.")


def top_names(tree: ast.Module) -> Iterator[str]:
    """The public names that a module defines at its top, without those that it imports."""
    for node in tree.body:
        if isinstance(node, Documented):
            yield node.name
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        yield from (one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


def prose_and_names(file: Path) -> Iterator[tuple[int, str]]:
    """The names, comments and docstrings of a module, each with its line; other strings may be contracts."""
    for node in ast.walk(TREES[file]):
        if isinstance(node, ast.Module | Documented) and ast.get_docstring(node) is not None:
            yield node.body[0].lineno, ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline):
        if token.type in (tokenize.NAME, tokenize.COMMENT):
            yield token.start[0], token.string


def in_words(text: str) -> str:
    """Names cut into words, all in small letters: "ImageFolder" and "image_folder" are "image folder"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ").lower()


def test_what_is_public_has_a_docstring():
    bare = [
        f"{file.relative_to(SOURCE)}:{node.lineno} {name}"
        for file, tree in TREES.items()
        for name, node in public(tree)
        if ast.get_docstring(node) is None
    ]
    assert not bare, f"write a docstring: {bare}"


def uses_elsewhere() -> dict[str, set[Path]]:
    """The modules that import a name or take an attribute of it."""
    found = defaultdict(set)
    for file, tree in TREES.items():
        for node in ast.walk(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            names += [node.attr] if isinstance(node, ast.Attribute) else []
            for name in names:
                found[name].add(file)
    return found


def interface_names() -> set[str]:
    """Methods of protocols and facets of kinds, which are documented where they are declared."""
    methods = {
        inner.name
        for tree in TREES.values()
        for node in ast.walk(tree)
        if is_protocol(node)
        for inner in node.body
        if isinstance(inner, Documented)
    }
    contract = ast.walk(TREES[SOURCE / "kinds" / "contract.py"])
    facets = {node.target.id for node in contract if isinstance(node, ast.AnnAssign)}
    return methods | facets


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def test_parameters_of_what_other_modules_call_are_described():
    """A function of three parameters or more that another module uses says what each one is, by its name."""
    uses, interfaces = uses_elsewhere(), interface_names()
    lacking = []
    for file, tree in TREES.items():
        for name, node in public(tree):
            if isinstance(node, ast.ClassDef) or (file.parent.name == "cli" and name == "command"):
                continue
            if not uses[node.name] - {file} or ("." in name and node.name in interfaces):
                continue
            prose = re.split(r"^Args:$", ast.get_docstring(node) or "", flags=re.M)
            told = re.findall(r"^    \*{0,2}(\w+):", prose[-1], re.M) if len(prose) == 2 else []
            wanted = parameters(node)
            if len(wanted) > 2 and told[: len(wanted)] != wanted:
                lacking.append(f"{file.relative_to(SOURCE)}:{node.lineno} {name}: {told} of {wanted}")
    assert not lacking, f"write Args, Returns and Raises: {lacking}"


def test_one_name_has_one_meaning():
    modules = defaultdict(list)
    for file, tree in TREES.items():
        for name in sorted(set(top_names(tree))):
            if not name.startswith("_"):
                modules[name].append(str(file.relative_to(SOURCE)))
    several = {name: files for name, files in modules.items() if len(files) > 1}
    known = SHARED_NAMES.keys()
    assert not several.keys() - known, {name: several[name] for name in several.keys() - known}
    assert not known - several.keys(), f"no longer in several modules: {sorted(known - several.keys())}"


def test_former_words_do_not_come_back():
    for word, rooms in FORMER_WORDS.items():
        places = defaultdict(list)
        for file in FILES:
            for line, text in prose_and_names(file):
                if re.search(rf"\b{word}(s|ed|ing)?\b", in_words(text)):
                    places[room_of(file)].append(f"{file.relative_to(SOURCE)}:{line}")
        assert not places.keys() - rooms, {room: places[room] for room in places.keys() - rooms}
        assert not rooms - places.keys(), f"{word!r} is gone from {sorted(rooms - places.keys())}"
