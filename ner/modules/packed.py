"""LSTM layers with weights that are laid out once.

oneDNN, on which torch's LSTM runs on a CPU, wants the weights in an order of its own and brings them into it at every
call, which for a single sentence takes as long as half of the steps. torch has the operations to do so beforehand,
for its compiler; with them the layer is the same, bit for bit. And since its second direction can read from right to
left by itself, a batch without padding needs no gathers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ner.modules.cells import Cell, LSTMCell

_LSTM = 2  # the number of this kind of layer among torch's


class PackedLayer:
    """One layer of LSTM cells, one a direction, in inference.

    Args:
        cells: on a CPU, of one size, without layer norm; they hold the weights, which are copied.

    Raises:
        RuntimeError, AttributeError: this version or build of torch cannot do that.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        self._cells = cells
        self._version = _version(cells)
        self._weights = []
        for backwards, cell in enumerate(cells):
            weights = [cell.weight_ih.detach(), cell.weight_hh.detach()]
            arguments = cell.hidden_size, bool(backwards), True, False, [1, 1, cell.input_size]
            packed = torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight(*weights, *arguments)
            self._weights.append((*packed, cell.bias_ih.detach(), cell.bias_hh.detach()))

    def is_current(self) -> bool:
        """Whether the cells still have the weights that were packed."""
        return self._version == _version(self._cells)

    @torch.no_grad()
    def is_right(self) -> bool:
        """Whether a sample comes out as on torch's own layer: what the packing relies on is not documented."""
        first = self._cells[0]
        x = torch.linspace(-1, 1, 3 * first.input_size, dtype=first.weight_ih.dtype).view(3, 1, -1)
        for direction, cell in enumerate(self._cells):
            expected = cell.fused(x), cell.fused(x.flip(0)).flip(0)
            for backwards, hidden in enumerate(expected):
                if not torch.allclose(self.run(x, direction, bool(backwards)), hidden, atol=1e-6):
                    return False
        return True

    def run(self, x: Tensor, direction: int, backwards: bool) -> Tensor:
        """One direction over dense ``[T, B, D]``, read from its end if ``backwards``: ``[T, B, H]``."""
        size = self._cells[0].hidden_size
        zeros = x.new_zeros(x.shape[1], size)
        hidden: Tensor = torch.ops.aten.mkldnn_rnn_layer(
            x, *self._weights[direction], zeros, zeros, backwards, [], _LSTM, size, 1, True, False, False, False
        )[0]
        return hidden.view(x.shape[0], x.shape[1], size)


def pack(cells: Sequence[Cell]) -> PackedLayer | None:
    """The cells of a layer with packed weights; None where torch's own layer is all there is."""
    cell = cells[0]
    weight = cell.weight_hh
    plain = type(cell) is LSTMCell and not cell.layer_norm
    if not plain or weight.device.type != "cpu" or weight.is_inference() or not torch.backends.mkldnn.is_available():
        return None
    if weight.dtype != torch.float32 and weight.dtype != torch.bfloat16:
        return None
    try:
        if weight.dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return None
        layer = PackedLayer(cells)
        return layer if layer.is_right() else None
    except (RuntimeError, AttributeError):
        return None


def lay_out(cells: Sequence[Cell]) -> None:
    """Put the weights of torch's layers on a GPU in one piece, as cuDNN wants them: else every call gathers them.

    In fp32 torch does so by itself; of bf16 it takes cuDNN to know nothing, and warns of what it left undone.
    """
    for cell in cells:
        core = cell.core
        if cell.weight_hh.device.type != "cuda" or cell.weight_hh.dtype != torch.bfloat16:
            continue
        try:
            from torch.backends.cudnn.rnn import get_cudnn_mode

            sizes = (core.input_size, get_cudnn_mode(core.mode), core.hidden_size, 0, 1)
            with torch.no_grad():
                torch._cudnn_rnn_flatten_weight(
                    [*core.all_weights[0]], 4, *sizes, core.batch_first, core.bidirectional
                )
        except (RuntimeError, AttributeError, ImportError, TypeError):
            return


def _version(cells: Sequence[Cell]) -> list[tuple[int, int]]:
    weights = [weight for cell in cells for weight in cell.core.all_weights[0]]
    # Tensors of inference mode, which may have taken the place of those that were packed, count no changes.
    return [(weight.data_ptr(), -1 if weight.is_inference() else weight._version) for weight in weights]
