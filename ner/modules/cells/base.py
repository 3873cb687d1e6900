"""What all cells share: parameters, initialisation, the input projection of a whole sequence, layer norm.

Axes: N directions, T steps, B sentences, D inputs, H units, G = gates * H. A *scan* is a sequence in the order
in which a cell reads it, so that the same code serves both directions, and all directions of a layer take each step
together: one batched matrix product a step rather than N, and half the calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.cells.product import NORM_EPSILON


class Scan(NamedTuple):
    """A layer's way through time.

    Attributes:
        hidden: h, ``[N, T, B, H]``, with a gradient.
        states: everything the cell computed, by name, each ``[N, T, B, H]`` and without a gradient.
    """

    hidden: Tensor
    states: Mapping[str, Tensor]


class Cell(nn.Module):
    """One layer in one direction: its parameters, and how a group of such cells is run.

    Parameters:

    - ``core``: a one-layer, one-direction layer of torch holds W ``weight_ih_l0`` ``[G, D]``, U ``weight_hh_l0``
      ``[G, H]`` and b ``bias_ih_l0`` ``[G]``, the gates of :attr:`gates` one under the other. torch adds a second
      bias to the first; where it only ever appears in that sum it is held at 0.
    - with ``layer_norm``: ``gain_ih`` and ``gain_hh`` ``[G]``. Each gate's H values of W x and of U h are normalised
      by themselves and scaled by these gains before they are added to each other and to the bias (Ba, Kiros and
      Hinton 2016, section 3.1 and supplement; they normalise the gates of a product together).

    Initial values: each gate's block of W Xavier-uniform, of U orthogonal, biases 0, gains 1; a cell that departs
    from this says so.

    Args:
        core: torch's layer of this kind.
        layer_norm: normalise the products with the input and with the state.
    """

    gates: ClassVar[tuple[str, ...]]
    """The blocks of the weights, in their order."""
    fused_on: ClassVar[tuple[str, ...]] = ()
    """The types of device on which torch's layer is the faster way; none where torch has no such layer."""

    def __init__(self, core: nn.RNNBase, layer_norm: bool = False) -> None:
        super().__init__()
        self.core, self.layer_norm = core, layer_norm
        self.input_size, self.hidden_size = core.input_size, core.hidden_size
        size = len(self.gates) * self.hidden_size
        self.gain_ih = nn.Parameter(torch.ones(size)) if layer_norm else None
        self.gain_hh = nn.Parameter(torch.ones(size)) if layer_norm else None
        for block in self.weight_ih.data.split(self.hidden_size):
            nn.init.xavier_uniform_(block)
        for block in self.weight_hh.data.split(self.hidden_size):
            nn.init.orthogonal_(block)
        nn.init.zeros_(self.bias_ih)
        nn.init.zeros_(self.bias_hh)

    @property
    def weight_ih(self) -> nn.Parameter:
        """W ``[G, D]``."""
        return self.core.all_weights[0][0]

    @property
    def weight_hh(self) -> nn.Parameter:
        """U ``[G, H]``."""
        return self.core.all_weights[0][1]

    @property
    def bias_ih(self) -> nn.Parameter:
        """b ``[G]``."""
        return self.core.all_weights[0][2]

    @property
    def bias_hh(self) -> nn.Parameter:
        """torch's second bias ``[G]``, beside U h."""
        return self.core.all_weights[0][3]

    def fused_for(self, x: Tensor) -> bool:
        """Whether torch's own layer computes this cell, and is the faster way where ``x`` is."""
        return not self.layer_norm and x.device.type in self.fused_on

    def fused(self, x: Tensor) -> Tensor:
        """The cell on torch's own layer, where :meth:`fused_for` says so: ``[T, B, D]`` to ``[T, B, H]``."""
        hidden: Tensor = self.core(x)[0]
        return hidden

    @classmethod
    def scan(cls, cells: Sequence[Any], x: Tensor, mask: Tensor | None = None) -> Scan:
        """Run the cells of one layer, one a direction, over their scans, with a backward pass written by hand.

        Args:
            cells: N cells of this class and of one size.
            x: inputs ``[N, T, B, D]``, each direction in the order in which it reads.
            mask: what h_{t-1} is multiplied by wherever a gate sees it, ``[N, B, H]``; None for no recurrent dropout.
        """
        raise NotImplementedError


def stack(parameters: Sequence[Tensor | None]) -> Tensor | None:
    """One parameter of N cells as ``[N, ...]``; None where the cells do without it."""
    present = [parameter for parameter in parameters if parameter is not None]
    return torch.stack(present) if present else None


def project(cells: Sequence[Cell], x: Tensor) -> Tensor:
    """The part of all gates that does not wait for the state: W x + b of a whole sequence in one product.

    Args:
        cells: N cells.
        x: ``[N, T, B, D]``.

    Returns:
        ``[N, T, B, G]``, normalised where the cells have layer norm.
    """
    N, T, B, D = x.shape
    weight = torch.stack([cell.weight_ih for cell in cells]).transpose(1, 2)  # [N, D, G]
    bias = torch.stack([cell.bias_ih for cell in cells]).unsqueeze(1)  # [N, 1, G]
    rows = x.reshape(N, T * B, D)
    gain = stack([cell.gain_ih for cell in cells])
    if gain is None:
        return torch.baddbmm(bias, rows, weight).view(N, T, B, weight.shape[2])
    H = cells[0].hidden_size
    normal = functional.layer_norm(torch.bmm(rows, weight).unflatten(2, (-1, H)), [H], eps=NORM_EPSILON)
    return torch.addcmul(bias, normal.flatten(2), gain.unsqueeze(1)).view(N, T, B, weight.shape[2])


def recurrent_weights(cells: Sequence[Cell]) -> tuple[Tensor, Tensor | None]:
    """U of N cells as ``[N, H, G]``, laid out for products with h from the left, and its gains ``[N, G]``."""
    return torch.stack([cell.weight_hh.t() for cell in cells]), stack([cell.gain_hh for cell in cells])
