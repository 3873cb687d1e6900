"""Each cell against its equations, written out here step by step, and against torch's own layer where there is one.

``pytest -rP`` shows the largest differences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ner.modules.cells import CELLS, Cell, GRUCell, LSTMCell, PeepholeCell, RNNCell
from ner.modules.recurrent import DIRECTIONS, Recurrent

D, H = 5, 7
Step = Callable[[Cell, Tensor, Mapping[str, Tensor], Tensor], dict[str, Tensor]]


def rnn(cell: Cell, x: Tensor, before: Mapping[str, Tensor], seen: Tensor) -> dict[str, Tensor]:
    (a,) = sums(cell, x, seen)
    return {"hidden": torch.tanh(a)}


def lstm(cell: Cell, x: Tensor, before: Mapping[str, Tensor], seen: Tensor) -> dict[str, Tensor]:
    i, f, g, o = sums(cell, x, seen)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * before["cell"] + i * g
    return {
        "input": i,
        "forget": f,
        "candidate": g,
        "output": o,
        "cell": c,
        "hidden": o * torch.tanh(norm_c(cell, c)),
    }


def peephole(cell: Cell, x: Tensor, before: Mapping[str, Tensor], seen: Tensor) -> dict[str, Tensor]:
    assert isinstance(cell, PeepholeCell) and cell.peephole is not None
    p_i, p_f, p_o = cell.peephole
    i, f, g, o = sums(cell, x, seen)
    i = torch.sigmoid(i + p_i * before["cell"])
    f = torch.sigmoid(f + p_f * before["cell"])
    g = torch.tanh(g)
    c = f * before["cell"] + i * g
    o = torch.sigmoid(o + p_o * c)
    return {
        "input": i,
        "forget": f,
        "candidate": g,
        "output": o,
        "cell": c,
        "hidden": o * torch.tanh(norm_c(cell, c)),
    }


def gru(cell: Cell, x: Tensor, before: Mapping[str, Tensor], seen: Tensor) -> dict[str, Tensor]:
    x_r, x_z, x_n = products_with_input(cell, x)
    u_r, u_z, u_n = products_with_state(cell, seen)
    b_r, b_z, b_n = cell.bias_ih.chunk(3)
    c_r, c_z, c_n = cell.bias_hh.chunk(3)
    r = torch.sigmoid(x_r + b_r + u_r + c_r)
    z = torch.sigmoid(x_z + b_z + u_z + c_z)
    n = torch.tanh(x_n + b_n + r * (u_n + c_n))
    return {"reset": r, "update": z, "candidate": n, "hidden": (1 - z) * n + z * before["hidden"]}


def products_with_input(cell: Cell, x: Tensor) -> list[Tensor]:
    blocks = list((cell.weight_ih @ x).split(H))
    if cell.gain_ih is None:
        return blocks
    return [
        functional.layer_norm(block, [H]) * gain for block, gain in zip(blocks, cell.gain_ih.split(H), strict=True)
    ]


def products_with_state(cell: Cell, h: Tensor) -> list[Tensor]:
    blocks = list((cell.weight_hh @ h).split(H))
    if cell.gain_hh is None:
        return blocks
    return [
        functional.layer_norm(block, [H]) * gain for block, gain in zip(blocks, cell.gain_hh.split(H), strict=True)
    ]


def sums(cell: Cell, x: Tensor, h: Tensor) -> list[Tensor]:
    parts = zip(products_with_input(cell, x), products_with_state(cell, h), cell.bias_ih.split(H), strict=True)
    return [a + b + bias for a, b, bias in parts]


def norm_c(cell: Cell, c: Tensor) -> Tensor:
    assert isinstance(cell, LSTMCell)
    if cell.cell_gain is None or cell.cell_bias is None:
        return c
    return functional.layer_norm(c, [H]) * cell.cell_gain + cell.cell_bias


STEPS: dict[str, Step] = {"rnn": rnn, "lstm": lstm, "peephole": peephole, "gru": gru}


def by_hand(cell: Cell, step: Step, scans: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """One direction, sentence by sentence and step by step: ``[T, B, D]`` to states ``[T, B, H]``."""
    sentences = []
    for b in range(scans.shape[1]):
        state: dict[str, Tensor] = {"hidden": scans.new_zeros(H), "cell": scans.new_zeros(H)}
        steps = []
        for x in scans[:, b]:
            state = step(cell, x, state, state["hidden"] * mask[b])
            steps.append(state)
        sentences.append({name: torch.stack([s[name] for s in steps]) for name in state})
    return {name: torch.stack([s[name] for s in sentences], 1) for name in sentences[0]}


def make(kind: str, layer_norm: bool, dtype: torch.dtype, units: int = H) -> list[Cell]:
    torch.manual_seed(3)
    cells: list[Cell] = [CELLS[kind](D, units, layer_norm) for _ in DIRECTIONS]
    for cell in cells:
        for parameter in cell.parameters():
            if parameter.dim() == 1 or parameter.shape == (3, units):
                # away from 0 and 1, where a bias, gain or peephole in the wrong place would not show; what is held
                # at 0 stays there
                parameter.data.add_(parameter.requires_grad * torch.randn_like(parameter) * 0.5)
    return [cell.to(dtype) for cell in cells]


def trainable(cells: list[Cell]) -> list[Tensor]:
    return [parameter for cell in cells for parameter in cell.parameters() if parameter.requires_grad]


def largest(ours: list[Tensor], theirs: list[Tensor]) -> float:
    return max(float((a - b).detach().abs().max()) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_loop_agrees_with_the_equations(
    kind: str, layer_norm: bool, masked: bool, dtype: torch.dtype, tolerance: float
) -> None:
    cells = make(kind, layer_norm, dtype)
    torch.manual_seed(4)
    scans = torch.randn(2, 6, 3, D, dtype=dtype).requires_grad_()
    mask = torch.randint(2, (2, 3, H)).to(dtype) * 1.5 if masked else None
    ones = torch.ones(2, 3, H, dtype=dtype)
    scan = type(cells[0]).scan(cells, scans, mask)
    expected = [
        by_hand(c, STEPS[kind], s, m) for c, s, m in zip(cells, scans, ones if mask is None else mask, strict=True)
    ]
    assert set(scan.states) == set(expected[0])
    names = list(scan.states)
    forward = largest(
        [scan.states[name] for name in names], [torch.stack([e[name] for e in expected]) for name in names]
    )
    hidden = torch.stack([e["hidden"] for e in expected])
    forward = max(forward, largest([scan.hidden], [hidden]))

    toward = torch.randn_like(hidden) / hidden.numel() ** 0.5
    inputs = [scans, *trainable(cells)]
    backward = largest(
        list(torch.autograd.grad(scan.hidden, inputs, toward)), list(torch.autograd.grad(hidden, inputs, toward))
    )
    print(f"{kind} layer_norm={layer_norm} recurrent dropout={masked} {dtype}: {forward:.1e} {backward:.1e}")
    # a norm over seven units magnifies the rounding of single precision
    tolerance *= 5 if layer_norm and dtype == torch.float32 else 1
    assert forward <= tolerance
    assert backward <= tolerance


@pytest.mark.parametrize("kind", CELLS)
def test_encoder_agrees_with_the_equations(kind: str) -> None:
    # through the interface, and so for the LSTM on the fused layer
    torch.manual_seed(5)
    encoder = Recurrent(kind, D, H)
    x, lengths = torch.randn(4, 6, D).requires_grad_(), torch.tensor([6, 1, 4, 0])
    out = encoder(x, lengths)
    expected = torch.zeros(4, 6, 2 * H)
    ones = torch.ones(1, H)
    left, right = encoder.layers[0]  # type: ignore[misc]
    for b, length in enumerate(lengths.tolist()):
        if length:
            sentence = x[b, :length].unsqueeze(1)
            expected[b, :length, :H] = by_hand(left, STEPS[kind], sentence, ones)["hidden"][:, 0]
            expected[b, :length, H:] = by_hand(right, STEPS[kind], sentence.flip(0), ones)["hidden"][:, 0].flip(0)
    toward = torch.randn_like(out) / out.numel() ** 0.5
    inputs = [x, *trainable([left, right])]
    forward = largest([out], [expected])
    backward = largest(
        list(torch.autograd.grad(out, inputs, toward)), list(torch.autograd.grad(expected, inputs, toward))
    )
    print(f"{kind} encoder: {forward:.1e} {backward:.1e}")
    assert forward <= 1e-6
    assert backward <= 1e-6


@pytest.mark.parametrize(("kind", "layer"), [("lstm", nn.LSTM), ("gru", nn.GRU), ("rnn", nn.RNN)])
def test_loop_and_encoder_agree_with_torchs_layer(kind: str, layer: type[nn.RNNBase]) -> None:
    torch.manual_seed(6)
    theirs = layer(D, H, num_layers=2, bidirectional=True, batch_first=True)  # type: ignore[call-arg]
    encoder = Recurrent(kind, D, H, layers=2)
    pairs = []
    for number in range(2):
        for cell, suffix in zip(encoder.layers[number], ("", "_reverse"), strict=True):  # type: ignore[arg-type]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                parameter = getattr(theirs, f"{name}_l{number}{suffix}")
                getattr(cell, name).data.copy_(parameter)
                if getattr(cell, name).requires_grad:
                    pairs.append((getattr(cell, name), parameter))
            if kind != "gru":  # their second bias stands in the same sum as the first, and only there
                cell.bias_ih.data.add_(cell.bias_hh)
                cell.bias_hh.data.zero_()
    x, lengths = torch.randn(3, 8, D).requires_grad_(), torch.tensor([8, 3, 5])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    expected = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)[0]
    out = encoder(x, lengths)
    toward = torch.randn_like(out) / out.numel() ** 0.5
    ours = torch.autograd.grad(out, [x, *[a for a, _ in pairs]], toward)
    reference = torch.autograd.grad(expected, [x, *[b for _, b in pairs]], toward)
    forward, backward = largest([out], [expected]), largest(list(ours), list(reference))
    traced = encoder.trace(x.detach(), lengths)[-1]
    loop = largest([torch.cat([traced[name]["hidden"] for name in DIRECTIONS], 2)], [expected])
    print(f"{kind} against {layer.__name__}: {forward:.1e} {backward:.1e}, loop {loop:.1e}")
    assert max(forward, backward, loop) <= 1e-6


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_backward_is_that_of_finite_differences(kind: str, layer_norm: bool, masked: bool) -> None:
    cells = make(kind, layer_norm, torch.float64, units=3)
    mask = torch.rand(2, 2, 3, dtype=torch.float64) if masked else None
    scans = torch.randn(2, 3, 2, D, dtype=torch.float64).requires_grad_()
    toward = torch.randn(2, 3, 2, 3, dtype=torch.float64)

    def loss(scans: Tensor, *_: Tensor) -> Tensor:
        return (type(cells[0]).scan(cells, scans, mask).hidden * toward).sum()

    assert torch.autograd.gradcheck(loss, (scans, *trainable(cells)))


@pytest.mark.parametrize("layer_norm", [False, True])
def test_backward_twice_gives_the_same(layer_norm: bool) -> None:
    cells = make("lstm", layer_norm, torch.float64)
    hidden = LSTMCell.scan(cells, torch.randn(2, 4, 2, D, dtype=torch.float64)).hidden
    first, second = (torch.autograd.grad(hidden.sum(), trainable(cells), retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("bias", [0.0, 1.0, 2.5])
@pytest.mark.parametrize("cell_type", [LSTMCell, PeepholeCell])
def test_forget_bias_is_the_whole_bias_of_the_forget_gate(cell_type: type[LSTMCell], bias: float) -> None:
    cell = cell_type(D, H, forget_bias=bias)
    states = cell_type.scan([cell], torch.zeros(1, 1, 1, D)).states  # nothing but the biases speaks
    torch.testing.assert_close(states["forget"], torch.full((1, 1, 1, H), bias).sigmoid())
    assert states["input"].eq(0.5).all()
    assert states["output"].eq(0.5).all()
    torch.testing.assert_close(cell.fused(torch.zeros(1, 1, D)), states["hidden"][0])


def test_second_bias_of_torch_is_held_where_it_would_be_a_copy() -> None:
    assert [CELLS[kind](D, H).bias_hh.requires_grad for kind in ("rnn", "lstm", "peephole", "gru")] == [False] * 3 + [
        True
    ]
    for cell in (RNNCell(D, H), LSTMCell(D, H), GRUCell(D, H)):
        assert not cell.bias_hh.any()


@pytest.mark.parametrize("kind", CELLS)
def test_initial_weights_are_xavier_and_orthogonal_by_gate(kind: str) -> None:
    cell = CELLS[kind](30, 20)
    for block in cell.weight_hh.split(20):
        torch.testing.assert_close(block @ block.t(), torch.eye(20), rtol=0, atol=1e-5)
    bound = (6 / 50) ** 0.5
    for block in cell.weight_ih.split(20):
        assert 0.9 * bound < float(block.detach().abs().max()) <= bound


def test_norm_ignores_the_scale_of_the_input() -> None:
    cell = LSTMCell(D, H, layer_norm=True)
    x = torch.randn(1, 1, 2, D)
    torch.testing.assert_close(
        LSTMCell.scan([cell], x).hidden, LSTMCell.scan([cell], 100 * x).hidden, rtol=0, atol=1e-2
    )
    assert not cell.fused_for(x)
