"""The recurrent cells: one file a cell, each with its equations, its parameters and its way through time."""

from __future__ import annotations

from ner.modules.cells.base import Cell, Scan
from ner.modules.cells.gru import GRUCell
from ner.modules.cells.lstm import LSTMCell, PeepholeCell
from ner.modules.cells.rnn import RNNCell

CELLS: dict[str, type[RNNCell] | type[GRUCell] | type[LSTMCell]] = {
    "lstm": LSTMCell,
    "peephole": PeepholeCell,
    "gru": GRUCell,
    "rnn": RNNCell,
}
"""Every recurrent kind by the name it has in a configuration."""

__all__ = ["CELLS", "Cell", "GRUCell", "LSTMCell", "PeepholeCell", "RNNCell", "Scan"]
