"""`jumok new`."""

from pathlib import Path
from typing import Annotated

import typer

from jumok.cli.console import say, write_line
from jumok.errors import ConfigurationError

TEMPLATE = """\
# Train:    jumok train {file}
# Look at the data first:  jumok check {file}
inputs:
  {source}: {{kind: text, encoder: {{kind: transformer, layers: 3}}}}   # or rnn, lstm, gru
outputs:
  # or kind: rnn, lstm, gru with attention: none | additive | dot
  {target}: {{kind: text, decoder: {{kind: transformer, layers: 3}}}}
data:
  # or train: {{table: pairs.tsv}}, also .csv, .jsonl, .parquet, with a column for each name
  train: {{lines: {{{source}: train.{source}, {target}: train.{target}}}}}
  split: {{valid: 0.05, test: 0.05}}                      # or valid: and test: with files of their own
  tokens: {{kind: bpe, size: 8000, shared: true}}         # characters | words | bpe | unigram | spaces
model: {{width: 256, heads: 4, dropout: 0.1}}
training: {{steps: 5000, batch_tokens: 4096, learning_rate: 1e-3}}
decoding: {{beam: 5}}
"""


def add_to(app: typer.Typer) -> None:
    app.command(name="new", epilog="Example: `jumok new translate.yaml --source german --target english`")(
        command
    )


def command(
    file: Annotated[Path, typer.Argument(metavar="EXPERIMENT.yaml", help="The file to write.")],
    source: Annotated[str, typer.Option(help="Name of the input.")] = "source",
    target: Annotated[str, typer.Option(help="Name of the output.")] = "target",
) -> None:
    """Write an experiment file to start from."""
    if file.exists():
        raise ConfigurationError(f"{file} exists already; choose another name")
    for name in (source, target):
        if not name.isidentifier():
            raise ConfigurationError(
                f"{name!r} must be made of letters, digits and _, not starting with a digit"
            )
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(TEMPLATE.format(file=file, source=source, target=target), encoding="utf-8")
    write_line(str(file))
    say(f"next: put your data where {file} says, then run: jumok check {file}")
