"""On a GPU, where there is one: the same numbers as on the processor, in double precision where it can be had."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ner
from ner.modules.char_cnn import CharCNN
from ner.modules.crf import CRF
from ner.modules.crf_loss import PathTargets
from ner.modules.recurrent import KINDS, Recurrent
from ner.training.run import train
from tests.modules.crf_by_enumeration import INVENTORIES, constraints_of, make_crf, random_batch, reading_of

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

GPU = torch.device("cuda")
LENGTHS = [4, 0, 1, 9, 2]
TAGS = INVENTORIES["IOBES"]
K = len(TAGS)


def with_gradients(module: nn.Module, compute: Callable[[nn.Module], Tensor]) -> dict[str, Tensor]:
    """What a module says, and the gradients of the sum of its squares, on the processor."""
    module.zero_grad()
    said = compute(module)
    if said.requires_grad:
        said.square().sum().backward()
    grads = {name: weight.grad for name, weight in module.named_parameters() if weight.grad is not None}
    return {name: tensor.detach().cpu() for name, tensor in ({"said": said} | grads).items()}


def compute(module: nn.Module, x: Tensor, lengths: Tensor) -> Tensor:
    return module(x, lengths)


def assert_near(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(
            found[name], tensor, rtol=tolerance, atol=tolerance, msg=lambda text, n=name: n + text
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "options",
    [{}, {"layers": 2, "residual": True}, {"layer_norm": True}, {"bidirectional": False}],
    ids=str,
)
def test_encoders_and_their_gradients(kind: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    encoder = Recurrent(kind, 6, 4, **options).double()
    lengths = torch.tensor(LENGTHS)
    x = torch.randn(len(LENGTHS), max(LENGTHS), 6, dtype=torch.float64)
    expected = with_gradients(encoder, partial(compute, x=x, lengths=lengths))
    moved = copy.deepcopy(encoder).to(GPU)
    for ends in (lengths, lengths.to(GPU)):
        assert_near(with_gradients(moved, partial(compute, x=x.to(GPU), lengths=ends)), expected, 1e-10)
    traced, shown = encoder.trace(x, lengths), moved.trace(x.to(GPU), lengths)
    for layer, other in zip(traced, shown, strict=True):
        for direction, states in layer.items():
            for name, states_there in states.items():
                torch.testing.assert_close(other[direction][name].cpu(), states_there, rtol=1e-10, atol=1e-10)


def test_characters_with_and_without_tables() -> None:
    torch.manual_seed(0)
    cnn = CharCNN(20, 5, 7, (2, 3), dropout=0.0).double()
    chars = torch.randint(1, 20, (50, 9))
    chars[3], chars[4, 2:] = 0, 0
    expected = with_gradients(cnn, lambda module: module(chars))
    moved = copy.deepcopy(cnn).to(GPU)
    assert_near(with_gradients(moved, lambda module: module(chars.to(GPU))), expected, 1e-10)
    moved.eval().tabulate()
    with torch.inference_mode():
        torch.testing.assert_close(moved(chars.to(GPU)).cpu(), expected["said"], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("spread", [2.0, 300.0])
@pytest.mark.parametrize("constrained", [False, True])
def test_everything_a_crf_is_asked(spread: float, constrained: bool) -> None:
    crf = make_crf(K, constraints_of(TAGS, "IOBES"), constrained_training=constrained)
    emissions, lengths = random_batch(LENGTHS, K, spread=spread)
    emissions = emissions.nan_to_num()
    tags, allowed = torch.zeros(emissions.shape[:2], dtype=torch.int64), torch.ones_like(emissions, dtype=torch.bool)
    allowed[:, ::2, 1] = False
    taught = emissions.flip(0).softmax(2)
    edges = torch.rand(len(LENGTHS), K + 1, K + 1, dtype=torch.float64)
    reading = reading_of(TAGS)
    spans = torch.tensor([[0, 1, 3, 0], [3, 0, 9, 0], [4, 1, 2, 0]])

    def losses(module: nn.Module) -> Tensor:
        assert isinstance(module, CRF)
        where = module.transitions.device
        scores, ends = emissions.to(where), lengths.to(where)
        paths = PathTargets(taught.to(where), edges.to(where), torch.ones(len(LENGTHS), device=where).double())
        return torch.cat(
            [
                module.loss(scores, tags.to(where), ends, reduction="none"),
                module.partial_loss(scores, allowed.to(where), ends, reduction="none"),
                module.distillation_loss(scores, taught.to(where), ends, reduction="none"),
                module.path_distillation_loss(scores, paths, ends, reduction="none"),
            ]
        )

    def answers(module: CRF) -> list[Tensor]:
        where = module.transitions.device
        given = emissions.to(where), lengths.to(where)
        return [
            module.decode(*given),
            *module.nbest(*given, 3),
            module.marginals(*given),
            module.entropy(*given),
            module.expected_edges(*given),
            module.span_probability(*given, spans, reading),
            module.all_span_probabilities(*given, reading, 4),
            *module.decode_spans(*given, reading, 0.3, 4),
        ]

    moved = copy.deepcopy(crf).to(GPU)
    assert_near(with_gradients(moved, losses), with_gradients(crf, losses), 1e-9)
    with torch.no_grad():
        for found, expected in zip(answers(moved), answers(crf), strict=True):
            torch.testing.assert_close(found.cpu(), expected, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def sentences(tiny_corpus: Any) -> list[list[str]]:
    return [*tiny_corpus["test"]["tokens"], [], ["Ada"], ["Unheard", "of", "Acme", "in", "Zanzibar"]] * 3


@pytest.mark.parametrize("threshold", ["own", None, 0.4])
def test_tagging(tiny_model: Path, sentences: list[list[str]], threshold: Any) -> None:
    here, there = ner.load(tiny_model), ner.load(tiny_model, device="cuda")
    expected, found = (tagger.predict(sentences, threshold=threshold) for tagger in (here, there))
    assert found.tag_lists() == expected.tag_lists()
    assert abs(found.scores - expected.scores).max() < 1e-4  # 2e-5; with TF32, 4e-4
    alone = [there.predict([sentence], threshold=threshold).tag_lists()[0] for sentence in sentences]
    assert alone == expected.tag_lists()


def test_all_else_that_a_tagger_does(tiny_model: Path, sentences: list[list[str]], tmp_path: Path) -> None:
    here, there = ner.load(tiny_model), ner.load(tiny_model, device="cuda")
    for one, other in zip(here.explain(sentences, 3), there.explain(sentences, 3), strict=True):
        assert abs(one.probability - other.probability) < 1e-4
        assert abs(one.entropy - other.entropy) < 1e-4
        assert [tags for tags, _ in one.n_best] == [tags for tags, _ in other.n_best]
    for ours, theirs in zip(here.predictor.candidates(sentences), there.predictor.candidates(sentences), strict=True):
        assert {span[:3] for span in ours} == {span[:3] for span in theirs}
    text = "Ada Lovelace lives in New York ."
    assert [entity.text for entity in there.tag(text).entities] == [entity.text for entity in here.tag(text).entities]
    assert there.trace(text).tokens == here.trace(text).tokens
    source = tmp_path / "in.txt"
    source.write_text(f"{text}\n" * 50, encoding="utf-8")
    for name, tagger in (("here", here), ("there", there)):
        ner.tag_file(tagger, source, tmp_path / f"{name}.conll", write="conll")
    assert (tmp_path / "there.conll").read_bytes() == (tmp_path / "here.conll").read_bytes()


def test_bf16(tiny_model: Path, sentences: list[list[str]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of weights that cuDNN would have to gather at every call
        found = ner.load(tiny_model, device="cuda", precision="bf16").predict(sentences).tag_lists()
    expected = ner.load(tiny_model).predict(sentences).tag_lists()
    differ = sum(one != other for pair in zip(found, expected, strict=True) for one, other in zip(*pair, strict=True))
    assert differ <= 0.02 * sum(map(len, sentences))


TRAININGS: list[dict[str, Any]] = [
    {},
    {"training": {"precision": "bf16"}},
    {"model": {"encoder": {"kind": "peephole", "layer_norm": True, "recurrent_dropout": 0.2, "hidden": 8}}},
    {"model": {"encoder": {"kind": "gru", "variational": True, "context": 3, "hidden": 8}}},
    {"model": {"language_model": {"weight": 0.2, "dim": 8}}, "training": {"ema": 0.9}},
    {"model": {"head": "softmax", "label_smoothing": 0.1}, "training": {"optimizer": {"name": "sgd", "lr": 0.1}}},
    {"training": {"deterministic": True}},
]


@pytest.mark.parametrize("changes", TRAININGS, ids=str)
def test_a_model_trained_there_is_used_here(tiny_config: dict[str, Any], changes: dict[str, Any]) -> None:
    for section, values in changes.items():
        for key, value in values.items():
            old = tiny_config[section].get(key)
            tiny_config[section][key] = {**old, **value} if isinstance(old, dict) else value
    tiny_config["training"]["epochs"] = 8
    result = train(tiny_config)
    assert result.dev is not None
    assert result.dev.micro.f1 > 0.3
    here, there = ner.load(result.model), ner.load(result.model, device="cuda")
    sentences = [["Ada", "lives", "in", "New", "York", "."], ["it", "rained", "."]]
    assert here.predict(sentences).tag_lists() == there.predict(sentences).tag_lists()


def test_a_training_is_resumed(tiny_config: dict[str, Any]) -> None:
    tiny_config["training"]["optimizer"]["schedule"] = "constant"
    whole = {**tiny_config, "output": tiny_config["output"] + "-whole"}
    train({**tiny_config, "training": {**tiny_config["training"], "epochs": 1}})
    resumed, uncut = train(tiny_config, resume=True), train(whole)
    assert len(resumed.epochs) == len(uncut.epochs) == 2
    assert resumed.epochs[1]["loss"] == pytest.approx(uncut.epochs[1]["loss"], rel=1e-3)


def test_an_ensemble(tiny_config: dict[str, Any]) -> None:
    runs = ner.train_seeds(tiny_config, [1, 2])
    sentences = [["Ada", "lives", "in", "New", "York", "."], ["it", "rained", "."]]
    here, there = ner.load(runs.folder), ner.load(runs.folder, device="cuda")
    assert here.predict(sentences).tag_lists() == there.predict(sentences).tag_lists()
