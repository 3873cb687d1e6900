"""The encoder: every recurrent network of the family behind one interface."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.cells import CELLS, Cell, LSTMCell
from ner.modules.dropout import Dropout, dropout_mask, make_dropout
from ner.modules.packed import PackedLayer, lay_out, pack
from ner.modules.row_groups import GROUP, RowGroups
from ner.modules.scan_order import ScanOrder

KINDS = (*CELLS, "none")
"""The encoders by name; "none" hands its input on, the control that shows what recurrence is worth."""

DIRECTIONS = ("forward", "backward")
"""Left to right, right to left: the order of the halves of an output, and the names in a trace."""

Trace = list[dict[str, dict[str, Tensor]]]
"""``trace[layer][direction][name]``, each ``[B, T, H]``."""


class Recurrent(nn.Module):
    """A stack of recurrent layers over padded sentences, each token's output independent of padding and neighbours.

    Each layer is one cell a direction, the outputs of the two side by side. The plain LSTM runs on torch's fused
    layer; everything else, and the LSTM with layer norm or recurrent dropout, on a loop over time with a backward
    pass of its own. Both hold the same parameters (:class:`~ner.modules.cells.Cell`), and a model may be trained on
    one and used on the other.

    Args:
        kind: a name of :data:`KINDS`; the equations stand in :mod:`ner.modules.cells`.
        input_size: D.
        hidden_size: H, of each direction.
        layers: how many layers are stacked.
        bidirectional: also read from right to left.
        dropout_input: on x.
        dropout_output: on the last layer's output.
        dropout_recurrent: on h_{t-1} where the gates see it, one mask for a whole sentence (Gal & Ghahramani 2016).
        dropout_between: on what one layer hands to the next.
        variational: one mask for a whole sentence also on input, output and between layers.
        forget_bias: the forget gate's bias at the start, in total; used by "lstm" and "peephole".
        layer_norm: layer norm inside the cells.
        residual: every layer after the first adds its input to its output.

    With kind "none" the output is the input after its dropout, and nothing but ``input_size`` and ``dropout_input``
    is used.

    Attributes:
        output_size: H times the directions; D for "none".

    Raises:
        ValueError: an unknown kind, a size or number of layers below 1, or a dropout outside [0, 1).
    """

    def __init__(
        self,
        kind: str,
        input_size: int,
        hidden_size: int = 200,
        layers: int = 1,
        bidirectional: bool = True,
        dropout_input: float = 0.0,
        dropout_output: float = 0.0,
        dropout_recurrent: float = 0.0,
        dropout_between: float = 0.0,
        variational: bool = False,
        forget_bias: float = 1.0,
        layer_norm: bool = False,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"expected a kind of encoder out of {', '.join(KINDS)}, got {kind!r}")
        if min(input_size, hidden_size, layers) < 1:
            raise ValueError(
                "expected input_size, hidden_size and layers of 1 or more, "
                f"got {input_size}, {hidden_size} and {layers}"
            )
        self.kind, self.input_size, self.residual = kind, input_size, residual
        self.dropout_recurrent = Dropout(dropout_recurrent).p
        self.dropout_input = make_dropout(dropout_input, variational)
        self.dropout_between = make_dropout(dropout_between, variational)
        self.dropout_output = make_dropout(dropout_output, variational)
        self.directions = 2 if bidirectional else 1
        self.output_size = input_size if kind == "none" else self.directions * hidden_size
        self._packed: list[PackedLayer] = []
        self.layers = nn.ModuleList()
        for layer in range(0 if kind == "none" else layers):
            size = input_size if layer == 0 else self.output_size
            self.layers.append(
                nn.ModuleList(
                    _make_cell(kind, size, hidden_size, layer_norm, forget_bias) for _ in range(self.directions)
                )
            )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Encode a batch.

        Args:
            x: inputs ``[B, T, D]``; what stands at padding does not matter.
            lengths: tokens a sentence ``[B]``, int64, 0 to T; best left on the CPU.

        Returns:
            ``[B, T, output_size]``, zero at padding.

        Raises:
            ValueError: shapes or types that do not fit.
        """
        self._check(x, lengths)
        x = self.dropout_input(x)
        if not self.layers or not x.numel():
            return _without_padding(x, lengths) if not self.layers else x.new_zeros(*x.shape[:2], self.output_size)
        if packed := self._packed_now(x):
            return self._run_packed(packed, x, lengths)
        order = ScanOrder(lengths, x.shape[1], self.directions, x.device)
        for layer, cells in enumerate(self._cells()):
            if layer:
                x = self.dropout_between(x)
            hidden = order.to_tokens(self._run(cells, order.to_scans(x)))
            x = hidden + x if layer and self.residual else hidden
        return self.dropout_output(x)

    def project(self, x: Tensor, lengths: Tensor, head: nn.Linear) -> Tensor:
        """``head(self(x, lengths))`` in inference, where few numbers a token are wanted of the many computed.

        With packed weights each direction is projected where it was computed, before it is put into the order of the
        tokens: H numbers need not be moved for the K that are wanted. In bf16 a sentence by itself goes the same way,
        so that its numbers are rounded as in company.

        Args:
            x, lengths: as for :meth:`forward`.
            head: to K numbers a token.

        Returns:
            ``[B, T, K]``, in fp32 or the type of the weights; whatever at padding.

        Raises:
            ValueError: as :meth:`forward`.
        """
        packed = [] if self.residual or not x.numel() else self._packed_now(x)
        if not packed:
            projected: Tensor = head(self(x, lengths))
            return projected
        self._check(x, lengths)
        return self._run_packed(packed, x, lengths, head)

    def pack(self) -> None:
        """Lay the weights out for inference where that is possible, until the next training.

        Weights that are changed later are noticed, but not those of which ``.data`` is written to.
        """
        for cells in self._cells():
            lay_out(cells)
        layers = [pack(cells) for cells in self._cells()]
        self._packed = [] if self.training else [layer for layer in layers if layer is not None]
        if len(self._packed) < len(layers):
            self._packed = []

    def train(self, mode: bool = True) -> Recurrent:
        """Training or inference; what was packed is let go."""
        if mode:
            self._packed = []
        return super().train(mode)

    def __getstate__(self) -> dict[str, Any]:
        """Copies have weights, but none that are packed, of which there are no copies."""
        return {**super().__getstate__(), "_packed": []}

    @torch.no_grad()
    def trace(self, x: Tensor, lengths: Tensor) -> Trace:
        """What every gate does at every token, computed from the weights, without dropout.

        Args:
            x: as for :meth:`forward`.
            lengths: as for :meth:`forward`.

        Returns:
            for each layer, direction ("forward", "backward") and name a tensor ``[B, T, H]`` in the order of the
            tokens, zero at padding. Names: "hidden" for all; for "lstm" and "peephole" the gates "input", "forget",
            "candidate", "output" and "cell"; for "gru" "reset", "update", "candidate". Empty for "none". "hidden" is
            the cell's output h, before dropout and residual. ``trace[layer]["backward"]`` at a token has read the
            tokens to its right.

        Raises:
            ValueError: shapes that do not fit.
        """
        self._check(x, lengths)
        order = ScanOrder(lengths, x.shape[1], self.directions, x.device)
        trace: Trace = []
        for layer, cells in enumerate(self._cells()):
            scan = type(cells[0]).scan(cells, order.to_scans(x))
            tokens = {name: order.to_tokens(list(states)) for name, states in scan.states.items()}
            trace.append(
                {
                    direction: {name: states.chunk(self.directions, -1)[n] for name, states in tokens.items()}
                    for n, direction in enumerate(DIRECTIONS[: self.directions])
                }
            )
            x = tokens["hidden"] + x if layer and self.residual else tokens["hidden"]
        return trace

    def _cells(self) -> list[list[Cell]]:
        """The cells by layer and direction."""
        return [cast("list[Cell]", list(cast(nn.ModuleList, layer))) for layer in self.layers]

    def _run(self, cells: list[Cell], scans: Tensor) -> list[Tensor]:
        """One layer: ``[N, T, B, D]`` to N times ``[T, B, H]``, on torch's layer if that computes the same."""
        dropping = self.training and self.dropout_recurrent > 0
        if not dropping and cells[0].fused_for(scans):
            return [cell.fused(scan) for cell, scan in zip(cells, scans.unbind(0), strict=True)]
        N, _, B, _ = scans.shape
        dtype = cells[0].weight_hh.dtype
        mask = None
        if dropping:
            mask = dropout_mask((N, B, cells[0].hidden_size), self.dropout_recurrent, scans.to(dtype))
        # mixed precision would change types between the steps of a loop that writes into buffers of one type
        with torch.autocast(scans.device.type, enabled=False):
            return list(type(cells[0]).scan(cells, scans.to(dtype), mask).hidden.unbind(0))

    def _packed_now(self, x: Tensor) -> list[PackedLayer]:
        """The layers that serve this call: the list is taken once, since another thread may let it go meanwhile."""
        packed = self._packed
        if not packed:
            return []
        if torch.is_grad_enabled():  # a training, though in evaluation mode; fused optimizers' changes go unnoticed
            self._packed = []
            return []
        mixed = torch.is_autocast_enabled(x.device.type)  # changes types, which packed weights cannot
        return packed if not mixed and all(one.is_current() for one in packed) else []

    def _run_packed(
        self, packed: list[PackedLayer], x: Tensor, lengths: Tensor, head: nn.Linear | None = None
    ) -> Tensor:
        """All layers: ``[B, T, D]`` to ``[B, T, output_size]``; a few sentences of one length as they are.

        With a head to ``[B, T, K]``: of each direction by itself, then summed, or of both at once.
        """
        B, T, _ = x.shape
        whole = B <= GROUP and int(lengths.min()) == T
        groups = None if whole else RowGroups(lengths.numpy(), T, self.directions)
        apart = groups is not None or x.dtype != torch.float32  # in fp32 nothing is rounded that would be seen
        for number, layer in enumerate(packed):
            if groups is None:
                scan = x.transpose(0, 1).contiguous()
                states = [[layer.run(scan, n, n == 1)] for n in range(self.directions)]
            else:
                states = [[layer.run(part, n, False) for part in scan] for n, scan in enumerate(groups.to_scans(x))]
            if head is not None and apart and number + 1 == len(packed):
                sides = head.weight.chunk(self.directions, 1)
                states = [
                    [functional.linear(part, side) for part in scan] for scan, side in zip(states, sides, strict=True)
                ]
            if groups is None:
                hidden = torch.cat([scan[0] for scan in states], 2).transpose(0, 1)
            else:
                hidden = groups.to_tokens(states)
            x = hidden + x if number and self.residual else hidden
        if head is None or not apart:
            return x if head is None else head(x)
        scores = x.float().view(B, T, self.directions, -1).sum(2)
        return scores if head.bias is None else scores + head.bias

    def _check(self, x: Tensor, lengths: Tensor) -> None:
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise ValueError(f"expected x of shape [B, T, {self.input_size}], got {list(x.shape)}")
        dtype = next((weights.dtype for weights in self.parameters()), x.dtype)
        if x.dtype != dtype and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(f"expected x of the weights' type {dtype}, got {x.dtype}")
        if lengths.shape != x.shape[:1] or lengths.is_floating_point():
            raise ValueError(
                f"expected one length for each of {x.shape[0]} sentences, got {list(lengths.shape)} {lengths.dtype}"
            )
        if len(lengths) and not 0 <= int(lengths.min()) <= int(lengths.max()) <= x.shape[1]:
            raise ValueError(
                f"expected lengths from 0 to {x.shape[1]}, got {int(lengths.min())} to {int(lengths.max())}"
            )


def _make_cell(kind: str, input_size: int, hidden_size: int, layer_norm: bool, forget_bias: float) -> Cell:
    cell = CELLS[kind]
    if issubclass(cell, LSTMCell):
        return cell(input_size, hidden_size, layer_norm, forget_bias)
    return cell(input_size, hidden_size, layer_norm)


def _without_padding(x: Tensor, lengths: Tensor) -> Tensor:
    padded = torch.arange(x.shape[1], device=lengths.device) >= lengths.unsqueeze(1)
    return x.masked_fill(padded.unsqueeze(2).to(x.device), 0)
