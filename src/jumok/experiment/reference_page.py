"""The reference of all options as Markdown: docs/options.md and docs/options.ko.md."""

from collections.abc import Sequence

from jumok.experiment.reference import Language, Option, Section

PAGE_HEAD = {
    "en": """\
# All options of an experiment file

This page is written by `jumok options --markdown`; `jumok options training` prints a section in the terminal, and
`jumok options training.steps` one option.

**How to read it.** `training.steps` is `steps:` under `training:` in the file, and `--set training.steps=2000` on the
command line. `inputs.text` stands for any input of `kind: text`: the file has your own name for it instead, as in
`inputs: {german: {kind: text, encoder: {kind: gru}}}`, and so has `--set inputs.german.encoder.layers=1`. In the same
way `encoder.rnn` stands for an `encoder:` whose `kind:` is `rnn`, `lstm` or `gru`. An empty default means: not given.

**In an editor.** `jumok options --schema > jumok.schema.json` writes a JSON schema. With the YAML extension of VS Code
this first line in the experiment file completes names, shows what they mean, and marks what is wrong:

```yaml
# yaml-language-server: $schema=jumok.schema.json
```
""",
    "ko": """\
# 실험 파일의 모든 옵션

이 페이지는 `jumok options --markdown --language ko`로 만듭니다. `jumok options training --language ko`는 한 부분을,
`jumok options training.steps --language ko`는 옵션 하나를 터미널에 보여 줍니다.

**읽는 법.** `training.steps`는 파일에서 `training:` 아래의 `steps:`이고, 명령줄에서는
`--set training.steps=2000`입니다. `inputs.text`는 `kind: text`인 입력을 뜻합니다. 파일에는 그 자리에 직접 지은 이름을
씁니다. 예를 들면
`inputs: {german: {kind: text, encoder: {kind: gru}}}`이고, 명령줄에서는 `--set inputs.german.encoder.layers=1`입니다.
마찬가지로 `encoder.rnn`은 `kind:`가 `rnn`, `lstm`, `gru` 가운데 하나인 `encoder:`입니다. 기본값이 비어 있으면 주어지지
않은 것입니다.

**편집기에서.** `jumok options --schema --language ko > jumok.schema.json`은 JSON 스키마를 씁니다. VS Code의 YAML
확장에서는 실험 파일의 첫 줄에 다음과 같이 적으면 이름을 완성해 주고, 뜻을 보여 주고, 틀린 곳을 표시합니다.

```yaml
# yaml-language-server: $schema=jumok.schema.json
```
""",
}
COLUMNS = {"en": ("option", "values", "default", "meaning"), "ko": ("옵션", "값", "기본값", "뜻")}
TOP = {"en": "The file", "ko": "파일"}
REQUIRED_WORD = {"en": "*required*", "ko": "*필수*"}
SEE_WORD = {"en": "See", "ko": "참고:"}


def render_reference(sections: Sequence[Section], language: Language) -> str:
    """The whole reference as Markdown."""
    return "\n".join([PAGE_HEAD[language], *(table(section, language) for section in sections)]).rstrip()


def table(section: Section, language: Language) -> str:
    """A section with its heading."""
    kinds = f" (`kind: {' | '.join(section.kinds)}`)" if section.kinds else ""
    heading = f"## `{section.path}`{kinds}" if section.path else f"## {TOP[language]}"
    rows = [option_row(option, language) for option in section.options]
    columns = COLUMNS[language]
    return "\n".join(
        [f"{heading}\n", f"{section.meaning}\n", line(columns), line(["---"] * len(columns)), *rows, ""]
    )


def option_row(option: Option, language: Language) -> str:
    """A row of the Markdown table of options."""
    name = option.path.rpartition(".")[2]
    default = (
        REQUIRED_WORD[language] if option.default is None else f"`{option.default}`" if option.default else ""
    )
    see = (
        f" {SEE_WORD[language]} {', '.join(f'`{path}`' for path in option.sections)}."
        if option.sections
        else ""
    )
    return line([f"`{name}`", option.values, default, option.meaning + see])


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table; bars inside cells are escaped."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
