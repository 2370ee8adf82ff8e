"""Exported to ONNX: models of every kind of data answer what the run answers, shown by the proof of the export."""

from pathlib import Path

import pytest
import torch
from exported_runs import RUNS, proof_of

from jumok.encoders.windows import ShiftedWindowBlock
from jumok.exporting.to_onnx import any_length, write_onnx
from jumok.predictor import load
from jumok.predictor.onnx_engine import Program


@pytest.mark.parametrize("name", RUNS)
def test_the_proof_holds(name):
    proof = proof_of(name)
    assert proof["holds"] and proof["faults"] == [] and proof["examples"] > 0
    assert proof["outputs"].keys() == load(RUNS[name]() / "run").outputs.keys()
    assert all(one["largest"]["relative"] < 1e-4 for one in proof["outputs"].values())


class Blocks(torch.nn.Module):
    """Two blocks of a Swin Transformer with strong positions, the second one of shifted windows."""

    def __init__(self) -> None:
        from timm.models.swin_transformer import SwinTransformerBlock

        super().__init__()
        torch.manual_seed(0)
        made = [
            SwinTransformerBlock(8, (28, 28), num_heads=2, window_size=7, shift_size=shift)
            for shift in (0, 3)
        ]
        for one in made:
            torch.nn.init.normal_(one.attn.relative_position_bias_table, std=2.0)
        self.blocks = torch.nn.Sequential(*map(ShiftedWindowBlock, made))

    def forward(self, *given: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.blocks(given[0]),)


def test_one_program_has_windows_that_are_shifted_and_maps_of_one_window(tmp_path):
    """Whether windows are shifted depends on the size of a map; a program that was made with one size has both."""
    model, file = Blocks().eval(), Path(tmp_path / "windows.onnx")
    free = {"x": {axis: any_length() for axis in range(3)}}
    write_onnx(file, model, {"x": torch.randn(2, 12, 16, 8)}, ["y"], free)
    program = Program(file)
    for size in ((1, 12, 16), (3, 5, 20), (2, 7, 7), (1, 6, 3), (2, 21, 28)):
        x = torch.randn(*size, 8)
        with torch.no_grad():
            expected = model(x)[0]
        torch.testing.assert_close(program({"x": x})["y"], expected, atol=1e-4, rtol=1e-4)
