"""What an experiment file may say of a tally."""

from typing import ClassVar, Literal

from pydantic import PositiveInt

from jumok.kinds.options import InputFieldOptions, Options, OutputFieldOptions


class TallyEncoderOptions(Options):
    """The YAML under `encoder:`."""

    layers: PositiveInt = 1


class TallyHeadOptions(Options):
    """The YAML under `head:`."""

    bias: bool = True


class TallyInput(InputFieldOptions):
    """Counts that are read, like `3 1 4`."""

    kind: Literal["tally"]
    encoder: TallyEncoderOptions = TallyEncoderOptions()


class TallyOutput(OutputFieldOptions):
    """One count that is answered, like `8`."""

    part_name: ClassVar[str] = "head"
    kind: Literal["tally"]
    head: TallyHeadOptions = TallyHeadOptions()


INPUT, OUTPUT = TallyInput, TallyOutput
