from __future__ import annotations

import copy
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from ner.modules.char_cnn import CharCNN

WIDTHS = [(3,), (1,), (2,), (5,), (2, 3, 4)]


def from_the_definition(cnn: CharCNN, word: list[int]) -> Tensor:
    """Position by position and place by place, as the class docstring says it."""
    features, column = [], 0
    for width, weight in zip(cnn.widths, cnn.weights, strict=True):
        for f in range(weight.shape[1]):
            best = -math.inf
            for p in range(len(word)):
                total = 0.0
                for place in range(width):
                    at = p + place - (width - 1) // 2
                    if 0 <= at < len(word):
                        w = weight.view(width, -1, weight.shape[1])[place, :, f]
                        total += float((cnn.embedding.weight[word[at]] @ w).detach())
                best = max(best, total)
            value = (best if word else 0.0) + float(cnn.bias[column].detach())
            features.append(math.tanh(value) if cnn.activation == "tanh" else value)
            column += 1
    return torch.tensor(features, dtype=torch.float64)


def words_to_tensor(words: list[list[int]], length: int = 0) -> Tensor:
    length = max([length, *map(len, words)])
    return torch.tensor([word + [0] * (length - len(word)) for word in words], dtype=torch.int64).view(
        len(words), length
    )


def make(widths: tuple[int, ...] = (3,), num_chars: int = 12, **options: object) -> CharCNN:
    torch.manual_seed(1)
    cnn = CharCNN(num_chars, dim=5, filters=4, widths=widths, **options).double().eval()  # type: ignore[arg-type]
    cnn.bias.data.normal_()
    return cnn


WORDS = st.lists(st.lists(st.integers(1, 11), max_size=9), min_size=1, max_size=8)


@pytest.mark.parametrize("activation", ["tanh", "identity"])
@pytest.mark.parametrize("widths", WIDTHS)
def test_agrees_with_the_definition(widths: tuple[int, ...], activation: str) -> None:
    cnn = make(widths, activation=activation)
    words = [[3, 1, 4, 1, 5, 9, 2, 6], [7], [1, 2], [], [11, 11, 11], [5, 3, 5]]
    expected = torch.stack([from_the_definition(cnn, word) for word in words])
    chars = words_to_tensor(words)
    torch.testing.assert_close(cnn(chars), expected, rtol=0, atol=1e-12)
    with torch.no_grad():
        torch.testing.assert_close(cnn(chars), expected, rtol=0, atol=1e-12)


def test_agrees_with_torchs_convolution_forward_and_backward() -> None:
    cnn = make((3,))
    chars = words_to_tensor([[3, 1, 4, 1, 5], [9, 2], [6]], length=7)
    weight = cnn.weights[0].detach().view(3, 5, 4).permute(2, 1, 0).clone().requires_grad_()
    table = cnn.embedding.weight.detach().clone().requires_grad_()
    scores = functional.conv1d(functional.embedding(chars, table).transpose(1, 2), weight, cnn.bias, padding=1)
    expected = scores.masked_fill((chars == 0).unsqueeze(1), -torch.inf).amax(2).tanh()
    torch.testing.assert_close(cnn(chars), expected)
    toward = torch.randn_like(expected)
    cnn(chars).backward(toward)
    expected.backward(toward)
    assert cnn.weights[0].grad is not None and weight.grad is not None and table.grad is not None
    torch.testing.assert_close(cnn.weights[0].grad.view(3, 5, 4), weight.grad.permute(2, 1, 0))
    torch.testing.assert_close(cnn.embedding.weight.grad[1:], table.grad[1:])  # type: ignore[index]
    assert not cnn.embedding.weight.grad[0].any()  # type: ignore[index]


@settings(max_examples=40, deadline=None)
@given(words=WORDS, more=st.integers(0, 6), widths=st.sampled_from(WIDTHS), grad=st.booleans())
def test_padding_and_neighbours_do_not_matter(
    words: list[list[int]], more: int, widths: tuple[int, ...], grad: bool
) -> None:
    cnn = make(widths).float()
    with torch.set_grad_enabled(grad):
        together = cnn(words_to_tensor(words))
        assert torch.equal(cnn(words_to_tensor(words, 9 + more)), together)
        alone = torch.cat([cnn(words_to_tensor([word])) for word in words])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(words=WORDS, widths=st.sampled_from(WIDTHS))
def test_the_table_answers_as_the_product_does(words: list[list[int]], widths: tuple[int, ...]) -> None:
    cnn = make(widths, num_chars=12)
    chars = words_to_tensor(words * 12)  # more characters than rows of the table, unless there are none
    expected = cnn(chars).detach()
    with torch.no_grad():
        torch.testing.assert_close(cnn(chars), expected, rtol=0, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(words=WORDS, widths=st.sampled_from(WIDTHS), activation=st.sampled_from(["tanh", "identity"]))
def test_activations_have_the_features_as_their_maximum(
    words: list[list[int]], widths: tuple[int, ...], activation: str
) -> None:
    cnn = make(widths, activation=activation)
    chars = words_to_tensor(words, 1)
    answers = cnn.activations(chars)
    assert answers.shape == (*chars.shape, cnn.output_size)
    assert torch.equal(answers.isinf().all(2), chars == 0)
    spelled = (chars != 0).any(1)
    torch.testing.assert_close(answers[spelled].amax(1), cnn(chars)[spelled], rtol=0, atol=1e-12)


def test_dropout_is_on_the_embeddings_and_only_in_training() -> None:
    cnn = make((3,), dropout=0.5)
    chars = words_to_tensor([[3, 1, 4, 1, 5]] * 4)
    assert torch.equal(cnn(chars)[0], cnn(chars)[1])
    cnn.train()
    with torch.no_grad():  # the table, which knows no dropout, must not be used
        dropped = cnn(chars.repeat(9, 1))
    assert not torch.equal(dropped[0], dropped[1])


def test_initial_values() -> None:
    cnn = CharCNN(500, dim=30, filters=30)
    table = cnn.embedding.weight
    assert not table[0].any()
    assert 0.95 * math.sqrt(3 / 30) < float(table.detach().abs().max()) <= math.sqrt(3 / 30)
    assert 0.95 * math.sqrt(6 / 120) < float(cnn.weights[0].detach().abs().max()) <= math.sqrt(6 / 120)
    assert not cnn.bias.any()


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_nothing_to_read(shape: tuple[int, int]) -> None:
    cnn = make((2, 3))
    out = cnn(torch.zeros(shape, dtype=torch.int64))
    assert out.shape == (shape[0], 8)
    assert torch.equal(out, cnn.bias.tanh().expand_as(out))


def test_gradient_is_that_of_finite_differences() -> None:
    cnn = make((2, 3))
    chars = words_to_tensor([[3, 1, 4], [], [9]])
    table = cnn.embedding.weight.detach().clone().requires_grad_()

    def features(*parameters: Tensor) -> Tensor:
        named = dict(zip(["weights.0", "weights.1", "bias", "embedding.weight"], parameters, strict=True))
        return torch.func.functional_call(cnn, named, (chars,))

    # row 0 is padding: the layer keeps it at zero, so a difference there says nothing
    inputs = (*[p.detach().clone().requires_grad_() for p in (*cnn.weights, cnn.bias)], table[1:])

    def kept(w2: Tensor, w3: Tensor, bias: Tensor, rows: Tensor) -> Tensor:
        return features(w2, w3, bias, torch.cat([torch.zeros_like(rows[:1]), rows]))

    assert torch.autograd.gradcheck(kept, inputs)


def test_half_precision_is_close() -> None:
    cnn = make((3,)).float()
    chars = words_to_tensor([[3, 1, 4, 1, 5], [9, 2], [6]] * 10)
    with torch.no_grad():
        expected = cnn(chars)
        torch.testing.assert_close(cnn.bfloat16()(chars).float(), expected, rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"num_chars": 0}, "1 or more"),
        ({"widths": ()}, "at least one width"),
        ({"widths": (3, 0)}, "1 or more"),
        ({"activation": "relu"}, "tanh, identity, got 'relu'"),
    ],
)
def test_impossible_sizes_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CharCNN(**{"num_chars": 9, **options})  # type: ignore[arg-type]


def test_a_batch_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[W, C\], got \[2, 3, 4\]"):
        make()(torch.zeros(2, 3, 4, dtype=torch.int64))


@pytest.mark.parametrize("widths", WIDTHS)
def test_with_tables_a_word_is_the_same_bits_in_any_company(widths: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    cnn = CharCNN(60, dim=30, filters=30, widths=widths).eval()
    generator = torch.Generator().manual_seed(2)
    words = [torch.randint(1, 60, (1 + number % 13,), generator=generator).tolist() for number in range(300)]
    alone = [words_to_tensor([word]) for word in words]
    with torch.no_grad():
        before = torch.cat([cnn(word) for word in alone])
        cnn.tabulate()
        whole = cnn(words_to_tensor(words))
        for size in (1, 2, 7, 100):
            pieces = [cnn(words_to_tensor(words[start : start + size])) for start in range(0, 300, size)]
            assert torch.equal(torch.cat(pieces), whole)
    assert torch.allclose(whole, before, atol=1e-6)


def test_tables_are_of_the_weights_as_they_are() -> None:
    cnn, word = make(), words_to_tensor([[3, 1, 4]])
    with torch.no_grad():
        cnn.tabulate()
        first = cnn(word)
        cnn.weights[0].mul_(2)
        assert torch.allclose(cnn(word), make_like(cnn)(word)) and not torch.allclose(cnn(word), first)
        cnn.tabulate()
        cnn.embedding.weight.data = cnn.embedding.weight.data * 3
        assert torch.allclose(cnn(word), make_like(cnn)(word))
        copied = copy.deepcopy(cnn)
        cnn.tabulate()
        for _, weight in copied.named_parameters():
            weight.zero_()
        assert not copied(word).any() and cnn(word).any()
    cnn.tabulate()
    assert cnn(word).requires_grad, "with a gradient, nothing is looked up"


def make_like(cnn: CharCNN) -> CharCNN:
    """Another with the same weights."""
    other = make(cnn.widths)
    other.load_state_dict(cnn.state_dict())
    return other
