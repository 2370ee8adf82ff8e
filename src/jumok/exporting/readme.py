"""README.md of an exported model: what it is, and the program that runs it without jumok."""

from pathlib import Path

from jumok.exporting.model_file import MODEL_PROGRAM
from jumok.exporting.target import Runtime
from jumok.predictor.predictor import Predictor
from jumok.runs.layout import EXPORTED, PROOF

TEXT = """# {name}, exported by jumok to {runtime}

It reads {inputs} and answers {outputs}. `{description}` says what is done before and after the model; `{proof}`, if
it is there, compares it with the original.

With jumok: `jumok predict {folder} ...`, `jumok evaluate {folder}`.

Without jumok and without torch (`pip install {packages}`), in this folder; {given}:

```python
{example}
```

`{program}` is one file, and reads `{description}`: copy it with the folder to where the model is to answer.
"""
KIND_PACKAGES = {"text": ["tokenizers"], "image": ["pillow"], "frames": ["pillow"]}
FROM_LINES = """import sys
import model

predictor = model.load()
for line in sys.stdin:
    print(predictor.predict([line])[0]{answer})"""
FROM_FILES = """import sys
import model

predictor = model.load()
for path in sys.argv[1:]:
    print(predictor.predict([path])[0]{answer})"""
FROM_OBJECTS = """import json
import sys
import model

predictor = model.load()
for line in sys.stdin:
    print(predictor.predict([json.loads(line)])[0]{answer})"""


def write_readme(folder: Path, run: Path, runtime: Runtime, predictor: Predictor) -> None:
    """Write README.md.

    Args:
        folder: The exported model.
        run: The run that it was exported from.
        runtime: What it was exported to.
        predictor: The original.
    """
    given, program = example_program(predictor)
    text = TEXT.format(
        name=run.resolve().name,
        runtime=runtime,
        inputs=", ".join(f"{name} ({field.kind})" for name, field in predictor.inputs.items()),
        outputs=", ".join(f"{name} ({field.kind})" for name, field in predictor.outputs.items()),
        description=EXPORTED,
        proof=PROOF,
        folder="FOLDER",
        packages=" ".join(packages_of(runtime, predictor)),
        given=given,
        example=program,
        program=MODEL_PROGRAM,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")


def packages_of(runtime: Runtime, predictor: Predictor) -> list[str]:
    """The packages that model.py imports."""
    base = ["onnxruntime", "numpy"] if runtime == "onnx" else [runtime]
    kinds = {field.kind for field in predictor.fields.all.values()}
    return [
        *base,
        *dict.fromkeys(
            package for kind, found in KIND_PACKAGES.items() if kind in kinds for package in found
        ),
    ]


def example_program(predictor: Predictor) -> tuple[str, str]:
    """What the program is given, in words, and the program."""
    names, kinds = list(predictor.inputs), [field.kind for field in predictor.inputs.values()]
    outputs = predictor.outputs.values()
    answer = "".join(f'["{field.name}"]["text"]' for field in outputs if field.kind in ("text", "label"))
    answer = answer if len(outputs) == 1 else ""
    if len(names) > 1:
        said = f"each line of its input is a JSON object with {', '.join(names)}"
        return said, FROM_OBJECTS.format(answer=answer)
    if kinds == ["text"]:
        return "each line of its input is a text", FROM_LINES.format(answer=answer)
    return f"its arguments are files of {names[0]}", FROM_FILES.format(answer=answer)
