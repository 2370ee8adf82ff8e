"""README.md of an exported model: what it is, and the program that runs it without jumok."""

from pathlib import Path

from jumok.exporting.target import Runtime, Written
from jumok.predictor.predictor import Predictor
from jumok.runs.layout import EXPORTED, PROOF

TEXT = """# {name}, exported by jumok to {runtime}

It reads {inputs} and answers {outputs}. `{description}` says what is done before and after the model; `{proof}`, if
it is there, compares it with the original.

With jumok: `jumok predict {folder} ...`, `jumok evaluate {folder}`.

Without jumok and without torch (`pip install {packages}`), in this folder:

```python
{example}
```
"""


def write_readme(folder: Path, run: Path, runtime: Runtime, predictor: Predictor, written: Written) -> None:
    """Write README.md.

    Args:
        folder: The exported model.
        run: The run that it was exported from.
        runtime: What it was exported to.
        predictor: The original.
        written: What the exporter has written.
    """
    text = TEXT.format(
        name=run.resolve().name,
        runtime=runtime,
        inputs=", ".join(f"{name} ({field.kind})" for name, field in predictor.inputs.items()),
        outputs=", ".join(f"{name} ({field.kind})" for name, field in predictor.outputs.items()),
        description=EXPORTED,
        proof=PROOF,
        folder="FOLDER",
        packages=" ".join(written.packages),
        example=written.example,
    )
    (folder / "README.md").write_text(text, encoding="utf-8")
