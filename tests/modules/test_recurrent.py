from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.modules.recurrent import DIRECTIONS, KINDS, Recurrent
from ner.modules.scan_order import ScanOrder

D, H = 6, 4
RECURRENT = [kind for kind in KINDS if kind != "none"]


def make(kind: str, seed: int = 0, **options: object) -> Recurrent:
    torch.manual_seed(seed)
    return Recurrent(kind, D, H, **options)  # type: ignore[arg-type]


def batch(lengths: list[int], padding: int = 0, seed: int = 0) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return torch.randn(len(lengths), max(lengths, default=0) + padding, D), torch.tensor(lengths, dtype=torch.int64)


OPTIONS = [
    {},
    {"layers": 2},
    {"layers": 3, "residual": True},
    {"bidirectional": False},
    {"layer_norm": True},
    {"layers": 2, "bidirectional": False, "layer_norm": True, "residual": True},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@settings(max_examples=6, deadline=None)
@given(lengths=st.lists(st.integers(0, 7), min_size=1, max_size=5), padding=st.integers(0, 3))
def test_a_sentence_is_alone_with_its_own_tokens(
    kind: str, options: dict[str, object], lengths: list[int], padding: int
) -> None:
    # the norm of four units magnifies the rounding of a product over more sentences, so it is held to more digits
    dtype, tolerance = (torch.float64, 1e-12) if "layer_norm" in options else (torch.float32, 1e-6)
    encoder = make(kind, **options).to(dtype).eval()
    x, ends = batch(lengths, padding)
    x = x.to(dtype)
    for b, length in enumerate(lengths):
        x[b, length:] = 1e3  # whatever stands at padding
    out = encoder(x, ends)
    assert out.shape == (*x.shape[:2], encoder.output_size)
    for b, length in enumerate(lengths):
        assert not out[b, length:].any()
        alone = encoder(x[b : b + 1, :length], ends[b : b + 1])
        torch.testing.assert_close(out[b : b + 1, :length], alone, rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_reaches_padding(kind: str) -> None:
    x, lengths = batch([5, 0, 2], padding=1)
    x.requires_grad_()
    make(kind, layers=2)(x, lengths).square().sum().backward()
    assert x.grad is not None
    for b, length in enumerate(lengths.tolist()):
        assert not x.grad[b, length:].any()
        assert x.grad[b, :length].ne(0).all()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_nan_at_padding_reaches_no_output_and_no_gradient(kind: str, options: dict[str, object]) -> None:
    x, lengths = batch([5, 0, 2], padding=1)
    encoder = make(kind, **options)
    expected = encoder(x, lengths)
    spoilt = x.masked_fill(torch.arange(x.shape[1])[:, None] >= lengths[:, None, None], float("nan")).requires_grad_()
    out = encoder(spoilt, lengths)
    assert torch.equal(out, expected)
    out.square().sum().backward()
    for gradient in (spoilt.grad, *(weights.grad for weights in encoder.parameters() if weights.requires_grad)):
        assert gradient is not None and gradient.isfinite().all()


@pytest.mark.parametrize("kind", RECURRENT)
def test_directions_see_their_own_side(kind: str) -> None:
    encoder = make(kind)
    x, lengths = batch([6, 4])
    changed = x.clone()
    changed[0, 3] += 1
    moved = (encoder(x, lengths) - encoder(changed, lengths)).abs() > 0
    assert not moved[1].any()
    assert not moved[0, :3, :H].any() and moved[0, 3:, :H].any(1).all()
    assert moved[0, :4, H:].any(1).all() and not moved[0, 4:, H:].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_trace_has_what_the_model_computes(kind: str, options: dict[str, object]) -> None:
    encoder = make(kind, dropout_input=0.5, dropout_recurrent=0.5, dropout_output=0.5, **options)
    x, lengths = batch([6, 0, 3], padding=1)
    trace = encoder.trace(x, lengths)  # without dropout, though the module is in training mode
    if kind == "none":
        assert trace == []
        return
    assert len(trace) == options.get("layers", 1)
    directions = DIRECTIONS[: encoder.directions]
    below = x
    for number, layer in enumerate(trace):
        assert tuple(layer) == directions
        hidden = torch.cat([layer[direction]["hidden"] for direction in directions], 2)
        below = hidden + below if number and options.get("residual") else hidden
        for states in layer.values():
            assert all(
                state.shape == (3, 7, H) and not state[1].any() and not state[2, 3:].any()
                for state in states.values()
            )
    torch.testing.assert_close(encoder.eval()(x, lengths), below, rtol=0, atol=1e-6)


def test_trace_names_the_gates() -> None:
    x, lengths = batch([3])
    gates = {kind: set(make(kind).trace(x, lengths)[0]["forward"]) for kind in RECURRENT}
    memory = {"input", "forget", "candidate", "output", "cell", "hidden"}
    assert gates == {
        "lstm": memory,
        "peephole": memory,
        "gru": {"reset", "update", "candidate", "hidden"},
        "rnn": {"hidden"},
    }


def test_trace_of_an_lstm_obeys_its_equations_in_both_directions() -> None:
    x, lengths = batch([6, 4])
    for direction, states in make("lstm").trace(x, lengths)[0].items():
        step = 1 if direction == "forward" else -1
        before = states["cell"].roll(step, 1)
        start = torch.tensor([0, 0]) if direction == "forward" else lengths - 1
        before[torch.arange(2), start] = 0
        expected = states["forget"] * before + states["input"] * states["candidate"]
        torch.testing.assert_close(states["cell"], expected)
        torch.testing.assert_close(states["hidden"], states["output"] * states["cell"].tanh())


@pytest.mark.parametrize("kind", RECURRENT)
def test_residual_adds_the_input_of_every_layer_but_the_first(kind: str) -> None:
    plain, residual = make(kind, layers=2), make(kind, layers=2, residual=True)
    x, lengths = batch([5, 3])
    first = make(kind, layers=2)
    first.layers = first.layers[:1]
    torch.testing.assert_close(residual(x, lengths), plain(x, lengths) + first(x, lengths))


def test_sizes() -> None:
    assert make("lstm").output_size == 2 * H
    assert make("gru", bidirectional=False).output_size == H
    assert make("none", bidirectional=False).output_size == D
    assert not list(make("none").parameters())


def test_none_hands_on_what_is_no_padding() -> None:
    x, lengths = batch([3, 1])
    out = make("none")(x, lengths)
    assert torch.equal(out[0], x[0])
    assert torch.equal(out[1, :1], x[1, :1]) and not out[1, 1:].any()


@pytest.mark.parametrize("variational", [False, True])
def test_where_dropout_falls(variational: bool) -> None:
    x, lengths = torch.ones(4, 9, D), torch.full((4,), 9)

    def dropped(**options: float) -> Tensor:
        encoder = make("none" if "dropout_input" in options else "lstm", variational=variational, **options)
        return encoder(x, lengths).eq(0)

    for zeros in (dropped(dropout_input=0.5), dropped(dropout_output=0.5)):
        assert 0.2 < float(zeros.float().mean()) < 0.8
        assert bool((zeros == zeros[:, :1]).all()) is variational


def test_dropout_between_layers_only() -> None:
    x, lengths = batch([5, 3])
    one, two = make("lstm", dropout_between=0.5), make("lstm", layers=2, dropout_between=0.5)
    assert torch.equal(one(x, lengths), one(x, lengths))
    assert not torch.equal(two(x, lengths), two(x, lengths))
    assert torch.equal(two.eval()(x, lengths), two(x, lengths))


@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_dropout_spares_the_first_token_and_evaluation(kind: str) -> None:
    dropping, plain = make(kind, dropout_recurrent=0.5), make(kind)
    x, lengths = batch([5, 3])
    out, expected = dropping(x, lengths), plain(x, lengths)
    first = out[:, 0, :H], expected[:, 0, :H]  # h_0 = 0: there is nothing to drop
    torch.testing.assert_close(*first, rtol=0, atol=1e-6)
    assert (out - expected)[:, 1:, :H].abs().max() > 1e-3
    torch.testing.assert_close(dropping.eval()(x, lengths), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", RECURRENT)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_state_dict_round_trip(kind: str, options: dict[str, object]) -> None:
    one, other = make(kind, seed=1, **options), make(kind, seed=2, **options)
    x, lengths = batch([5, 3])
    assert not torch.equal(one(x, lengths), other(x, lengths))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x, lengths), other(x, lengths))


def test_fused_and_own_loop_hold_the_same_parameters() -> None:
    # a model trained with recurrent dropout is used on the fused layer
    assert make("lstm").state_dict().keys() == make("lstm", dropout_recurrent=0.5).state_dict().keys()


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_is_close(kind: str) -> None:
    encoder = make(kind, layers=2).eval()
    x, lengths = batch([7, 0, 4])
    with torch.inference_mode():
        expected = encoder(x, lengths)
        out = encoder.bfloat16()(x.bfloat16(), lengths)
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.float(), expected, rtol=0, atol=0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"layer_norm": True}, {"dropout_recurrent": 0.3}], ids=str)
def test_trains_in_mixed_precision(kind: str, options: dict[str, object]) -> None:
    encoder = make(kind, **options)
    x, lengths = batch([7, 3])
    x.requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        encoder(x, lengths).float().square().sum().backward()
    for tensor in (x, *(p for p in encoder.parameters() if p.requires_grad)):
        assert tensor.grad is not None and tensor.grad.isfinite().all() and tensor.grad.dtype == torch.float32


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_in_evaluation_mode(kind: str) -> None:
    # which tokens matter is asked of a trained model
    encoder = make(kind)
    x, lengths = batch([4, 2])
    x.requires_grad_()
    grads = [torch.autograd.grad(mode(x, lengths).sum(), x)[0] for mode in (encoder.train(), encoder.eval())]
    torch.testing.assert_close(*grads, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_nothing_to_read(kind: str, lengths: list[int]) -> None:
    encoder = make(kind, layers=2)
    x, ends = batch(lengths)
    assert encoder(x, ends).shape == (len(lengths), 0, encoder.output_size)
    x, ends = batch(lengths, padding=2)
    out = encoder(x, ends)
    assert out.shape == (len(lengths), 2, encoder.output_size) and not out.any()
    for layer in encoder.trace(x, ends):
        assert layer["forward"]["hidden"].shape == (len(lengths), 2, H)


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    directions=st.sampled_from([1, 2]),
    more=st.integers(0, 2),
)
def test_scan_order_reads_each_direction_and_finds_back(lengths: list[int], directions: int, more: int) -> None:
    B, T = len(lengths), max(lengths) + more
    order = ScanOrder(torch.tensor(lengths), T, directions, torch.device("cpu"))
    numbers = torch.arange(1.0, B * T + 1).view(B, T, 1)
    scans = order.to_scans(numbers)
    assert scans.shape == (directions, T, B, 1)
    for b, length in enumerate(lengths):
        tokens = numbers[b, :length, 0].tolist()
        for scan, expected in zip(scans, (tokens, tokens[::-1]), strict=False):
            assert scan[:length, b, 0].tolist() == expected
    back = order.to_tokens(list(scans))
    real = torch.arange(T) < torch.tensor(lengths).unsqueeze(1)
    assert torch.equal(back, (numbers * real.unsqueeze(2)).expand(B, T, directions))


def test_gradients_of_the_orders_are_those_of_finite_differences() -> None:
    order = ScanOrder(torch.tensor([4, 0, 2]), 5, 2, torch.device("cpu"))
    x = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(order.to_scans, (x,))
    scans = [torch.randn(5, 3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda *scans: order.to_tokens(list(scans)), scans)


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("elman", {}, "lstm, peephole, gru, rnn, none, got 'elman'"),
        ("lstm", {"layers": 0}, "1 or more"),
        ("lstm", {"hidden_size": 0}, "1 or more"),
        ("lstm", {"dropout_recurrent": 1.0}, "dropout probability"),
        ("lstm", {"dropout_between": -1.0}, "dropout probability"),
    ],
)
def test_impossible_encoders_are_refused(kind: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Recurrent(kind, D, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shape", "lengths", "said"),
    [
        ((2, 3, D + 1), [3, 3], r"\[B, T, 6\], got \[2, 3, 7\]"),
        ((2, D), [2], r"\[B, T, 6\]"),
        ((2, 3, D), [3], "one length for each of 2"),
        ((2, 3, D), [4, 1], "from 0 to 3, got 1 to 4"),
        ((2, 3, D), [-1, 1], "from 0 to 3, got -1 to 1"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape: tuple[int, ...], lengths: list[int], said: str) -> None:
    for call in (make("lstm").forward, make("lstm").trace):
        with pytest.raises(ValueError, match=said):
            call(torch.zeros(shape), torch.tensor(lengths))


@pytest.mark.parametrize("kind", RECURRENT)
def test_types_that_do_not_fit_are_refused(kind: str) -> None:
    x, lengths = batch([3, 2])
    for call in (make(kind).forward, make(kind).trace):
        with pytest.raises(ValueError, match=r"expected x of the weights' type torch.float32, got torch.float64"):
            call(x.double(), lengths)
        with pytest.raises(ValueError, match=r"one length for each of 2 sentences, got .* torch.float32"):
            call(x, lengths.float())
    with torch.autocast("cpu", torch.bfloat16):
        assert make(kind)(x.bfloat16(), lengths).isfinite().all()
