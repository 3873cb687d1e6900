from __future__ import annotations

import copy
import pickle

import pytest
import torch

from ner.modules.packed import PackedLayer, pack
from ner.modules.recurrent import Recurrent

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch is built without oneDNN")


def make(dtype=torch.float32, **options):
    torch.manual_seed(1)
    return Recurrent("lstm", 7, 5, **options).to(dtype).eval()


def batch(lengths, dtype=torch.float32):
    return torch.randn(len(lengths), max(lengths), 7).to(dtype), torch.tensor(lengths)


@pytest.mark.parametrize("lengths", [[9], [1], [6, 6, 6], [4, 9, 1], [3, 0], list(range(1, 40))])
@pytest.mark.parametrize("options", [{}, {"bidirectional": False}, {"layers": 3, "residual": True}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.no_grad()
def test_packed_weights_change_not_a_bit(lengths, options, dtype):
    encoder = make(dtype, **options)
    x, sizes = batch(lengths, dtype)
    expected = encoder(x, sizes)
    encoder.pack()
    assert encoder._packed or dtype == torch.bfloat16
    assert torch.equal(encoder(x, sizes), expected)


@pytest.mark.parametrize("lengths", [[9], [6, 6, 6], [4, 9, 1], [3, 0], list(range(1, 40))])
@pytest.mark.parametrize("options", [{}, {"bidirectional": False}, {"layers": 2}, {"layers": 2, "residual": True}])
@pytest.mark.parametrize("dtype, error", [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)])
@torch.no_grad()
def test_what_is_projected_by_direction_is_what_the_head_makes_of_both(lengths, options, dtype, error):
    encoder = make(dtype, **options)
    head = torch.nn.Linear(encoder.output_size, 3).to(dtype)
    x, sizes = batch(lengths, dtype)
    expected = head(encoder(x, sizes))
    assert torch.equal(encoder.project(x, sizes, head), expected)
    encoder.pack()
    inside = torch.arange(x.shape[1]) < sizes[:, None]
    found = encoder.project(x, sizes, head)
    assert torch.allclose(found[inside].float(), expected[inside].float(), rtol=0, atol=error)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.no_grad()
def test_a_sentence_by_itself_is_rounded_as_in_company(dtype):
    encoder = make(dtype)
    head = torch.nn.Linear(encoder.output_size, 3, dtype=dtype)
    encoder.pack()
    if not encoder._packed:
        pytest.skip(f"no {dtype} on this processor")
    x, sizes = batch([9, 5, 9, 4] * 8, dtype)
    together = encoder.project(x, sizes, head)
    differences = []
    for row, size in enumerate(sizes.tolist()):
        by_itself = encoder.project(x[row : row + 1, :size], sizes[row : row + 1], head)
        assert by_itself.dtype == together.dtype == torch.float32
        differences.append((by_itself[0] - together[row, :size]).abs().flatten())
    # products are summed in another order: the sum seldom falls on the other side of where bf16 rounds
    assert (torch.cat(differences) > 1e-6).float().mean() < 0.02


@torch.no_grad()
def test_a_head_needs_no_bias():
    encoder = make()
    head = torch.nn.Linear(encoder.output_size, 3, bias=False)
    x, sizes = batch([4, 2])
    expected = encoder.project(x, sizes, head)
    encoder.pack()
    torch.testing.assert_close(encoder.project(x, sizes, head)[0], expected[0])


@torch.no_grad()
def test_mixed_precision_does_without():
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = encoder(x, sizes)
    torch.testing.assert_close(mixed.float(), encoder(x, sizes), rtol=0, atol=0.05)


@torch.no_grad()
def test_a_thread_that_trains_takes_no_layer_away_from_one_that_tags(monkeypatch):
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    expected = encoder(x, sizes)
    is_current = PackedLayer.is_current

    def meanwhile(self):
        encoder._packed = []  # as `train` does
        return is_current(self)

    monkeypatch.setattr(PackedLayer, "is_current", meanwhile)
    assert torch.equal(encoder(x, sizes), expected)


@torch.inference_mode()
def test_weights_made_in_inference_mode_may_take_their_place():
    with torch.inference_mode(False):
        encoder = make()
    encoder.pack()
    encoder.load_state_dict({name: 2 * weight for name, weight in encoder.state_dict().items()}, assign=True)
    x, sizes = batch([4, 2])
    found = encoder(x, sizes)
    encoder._packed = []
    assert torch.equal(encoder(x, sizes), found)


@torch.no_grad()
def test_weights_that_change_are_not_those_that_were_packed():
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    before = encoder(x, sizes)
    for parameter in encoder.parameters():
        parameter.mul_(2.0)
    after = encoder(x, sizes)
    encoder._packed = []
    assert torch.equal(encoder(x, sizes), after) and not torch.allclose(before, after)
    encoder.pack()
    assert encoder.double()(x.double(), sizes).dtype == torch.float64


def test_training_and_gradients_do_without():
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    encoder(x, sizes).sum().backward()
    assert all(one.grad is not None for one in encoder.parameters() if one.requires_grad)
    encoder.train()
    assert not encoder._packed
    encoder.pack()
    assert not encoder._packed


def test_a_fused_optimizer_is_noticed_in_evaluation_mode_too():
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    optimizer = torch.optim.SGD([one for one in encoder.parameters() if one.requires_grad], lr=1.0, fused=True)
    encoder(x, sizes).sum().backward()
    optimizer.step()
    with torch.no_grad():
        found = encoder(x, sizes)
        encoder._packed = []
        assert torch.equal(encoder(x, sizes), found)


@torch.no_grad()
def test_copies_compute_the_same():
    encoder = make()
    x, sizes = batch([4, 2])
    encoder.pack()
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        torch.testing.assert_close(other(x, sizes), encoder(x, sizes), rtol=0, atol=0)


def test_what_does_not_come_out_right_is_not_used(monkeypatch):
    cells = make()._cells()[0]
    monkeypatch.setattr(PackedLayer, "run", lambda self, x, *_: x.new_zeros(*x.shape[:2], 5))
    assert pack(cells) is None

    def refuse(*_):
        raise RuntimeError("not on this processor")

    monkeypatch.setattr(PackedLayer, "run", refuse)
    assert pack(cells) is None


def test_only_the_plain_lstm_is_packed():
    assert pack(make()._cells()[0]) is not None
    assert pack(make(layer_norm=True)._cells()[0]) is None
    assert pack(make().double()._cells()[0]) is None
    assert pack(Recurrent("peephole", 7, 5)._cells()[0]) is None
    assert pack(Recurrent("gru", 7, 5)._cells()[0]) is None
    none = Recurrent("none", 7).eval()
    none.pack()
    assert none(*batch([4, 2])).shape == (2, 4, 7)
