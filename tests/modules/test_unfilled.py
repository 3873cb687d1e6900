from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from ner.modules.unfilled import unfilled


def test_shapes_without_memory() -> None:
    with unfilled():
        made = nn.Sequential(nn.Linear(3, 4), nn.Embedding(5, 3), nn.LSTM(4, 6, bidirectional=True))
    usual = nn.Sequential(nn.Linear(3, 4), nn.Embedding(5, 3), nn.LSTM(4, 6, bidirectional=True))
    shapes, expected = ({name: p.shape for name, p in one.named_parameters()} for one in (made, usual))
    assert shapes == expected
    assert all(parameter.is_meta for parameter in made.parameters())


def test_real_tensors_are_filled_as_ever() -> None:
    with unfilled(), torch.device("cpu"):
        assert torch.equal(torch.empty(3).fill_(2.0), torch.full((3,), 2.0))
        assert nn.init.ones_(torch.empty(2)).sum() == 2


def test_loading_a_model_imports_no_compiler(tiny_model: Path) -> None:
    program = "import sys, ner; ner.load(sys.argv[1]).tag('Ada lives.'); print('torch._dynamo' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", program, str(tiny_model)], capture_output=True, text=True, check=True
    )
    assert found.stdout == "False\n"
