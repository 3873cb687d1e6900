"""The order in which each direction reads a padded batch, and the way back.

A recurrent layer wants time first and, on the CPU, dense input without a mask: only then does torch hand it to
oneDNN. Plain padding would be read first by the backward direction. So each sentence is reversed *inside its length*
for that direction; padding stays at the end for both, where it comes too late to touch a token.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ner.modules.once import once_differentiable


class ScanOrder:
    """Row numbers that take a batch ``[B, T, ...]`` to the scans ``[N, T, B, ...]`` of its directions, and back.

    Computed once a batch and used by every layer. Both ways are gathers, as are their gradients (no scatter, hence
    deterministic on every device).

    Args:
        lengths: tokens a sentence ``[B]``, 0 to T.
        steps: T.
        directions: 1 (left to right) or 2 (and right to left).
        device: where the batch is.

    Attributes:
        scan_rows: for each direction, at each place of the scan ``[T * B]`` the row of the batch that is read there.
        token_rows: its inverse: for each row of the batch ``[B * T]`` its place in the scan.
        padding: the rows of the batch that hold no token; None if there are none.
        scan_padding: their places in a scan, the same for both directions.
    """

    def __init__(self, lengths: Tensor, steps: int, directions: int, device: torch.device) -> None:
        B, T = len(lengths), steps
        times, sentences = torch.arange(T, device=lengths.device), torch.arange(B, device=lengths.device)
        ends = lengths.unsqueeze(1)
        mirrored = ends - 1 - times  # [B, T]
        read = [times.expand(B, T), torch.where(mirrored < 0, times, mirrored)][:directions]
        self.steps, self.sentences = T, B
        # reading in mirrored order is its own inverse, so that one table of times serves both ways
        self.scan_rows = [(sentences.unsqueeze(1) * T + at).t().flatten().to(device) for at in read]
        self.token_rows = [(at * B + sentences.unsqueeze(1)).flatten().to(device) for at in read]
        padded = times >= ends
        self.padding = self.scan_padding = None
        if bool(padded.any()):
            self.padding = padded.flatten().nonzero().squeeze(1).to(device)
            self.scan_padding = self.token_rows[0][self.padding]

    def to_scans(self, batch: Tensor) -> Tensor:
        """``[B, T, D]`` to ``[N, T, B, D]``, zero at padding: NaN there would reach the gradient of the weights."""
        scans: Tensor = _ToScans.apply(batch.flatten(0, 1), self)
        return scans.view(len(self.scan_rows), self.steps, self.sentences, batch.shape[2])

    def to_tokens(self, scans: list[Tensor]) -> Tensor:
        """N tensors ``[T, B, H]`` to ``[B, T, N * H]``, the directions side by side and padding zero."""
        tokens: Tensor = _ToTokens.apply(self, *[scan.flatten(0, 1) for scan in scans])
        return tokens.view(self.sentences, self.steps, tokens.shape[1])


class _ToScans(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, order: ScanOrder) -> Tensor:
        ctx.order = order
        scans = rows.new_empty(len(order.scan_rows), *rows.shape)
        for scan, index in zip(scans, order.scan_rows, strict=True):
            torch.index_select(rows, 0, index, out=scan)
        return scans if order.scan_padding is None else scans.index_fill_(1, order.scan_padding, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        first, *rest = (g.index_select(0, index) for g, index in zip(grad, ctx.order.token_rows, strict=True))
        for other in rest:
            first.add_(other)
        return first if ctx.order.padding is None else first.index_fill_(0, ctx.order.padding, 0), None


class _ToTokens(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, order: ScanOrder, *scans: Tensor) -> Tensor:
        ctx.order = order
        tokens = torch.cat(
            [scan.index_select(0, index) for scan, index in zip(scans, order.token_rows, strict=True)], 1
        )
        return tokens if order.padding is None else tokens.index_fill_(0, order.padding, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        order = ctx.order
        parts = grad.chunk(len(order.scan_rows), 1)
        grads = [part.index_select(0, index) for part, index in zip(parts, order.scan_rows, strict=True)]
        if order.scan_padding is not None:
            grads = [g.index_fill_(0, order.scan_padding, 0) for g in grads]
        return None, *grads
