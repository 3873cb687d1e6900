from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from ner.config import ModelConfig
from ner.corpus.beside import Beside
from ner.features.batches import Batch, EncodedCorpus
from ner.features.clusters import Clusters
from ner.features.encoder import FeatureEncoder
from ner.features.gazetteers import Gazetteers, Names
from ner.features.tags import TagSet
from ner.model import SequenceTagger
from ner.modules.auxiliary import AuxiliaryHead
from ner.modules.language_model import LanguageModelHead
from ner.schemes import illegal

SENTENCES = [
    ["Ada", "lives", "in", "London", "."],
    ["x"],
    ["Kofi", "Annan", "met", "Ada", "in", "New", "York", "in", "1996", "."],
    ["London", "London"],
    ["supercalifragilisticexpialidocious", "words"],
]
TAGS = [
    ["B-PER", "O", "O", "B-LOC", "O"],
    ["O"],
    ["B-PER", "I-PER", "O", "B-PER", "O", "B-LOC", "I-LOC", "O", "O", "O"],
    ["B-LOC", "B-LOC"],
    ["O", "O"],
]
TAGSET = TagSet.of(TAGS, "IOBES")
SMALL: dict[str, Any] = {
    "words": {"dim": 5, "dropout": 0.0},
    "chars": {"dim": 3, "filters": 4, "dropout": 0.0},
    "features": {"shape_dim": 2},
    "encoder": {"hidden": 6, "dropout": 0.0},
}
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "two layers": {"encoder": {"hidden": 6, "dropout": 0.0, "layers": 2, "residual": True}},
    "one direction": {"encoder": {"hidden": 6, "dropout": 0.0, "bidirectional": False}},
    "gru": {"encoder": {"hidden": 6, "dropout": 0.0, "kind": "gru"}},
    "layer norm": {"encoder": {"hidden": 6, "dropout": 0.0, "layer_norm": True}},
    "no recurrence": {"encoder": {"kind": "none", "dropout": 0.0}},
    "no characters": {"chars": {"dim": 0}},
    "no shapes": {"features": {"shape_dim": 0}},
    "several widths": {"chars": {"dim": 3, "filters": 4, "widths": [2, 3, 5], "dropout": 0.0}},
    "softmax": {"head": "softmax"},
    "constrained": {"constrained_training": True},
    "files": {"features": {"shape_dim": 2, "clusters": "paths", "gazetteers": ["names"]}},
}


def make(variant: str = "plain", **changes: Any) -> tuple[SequenceTagger, FeatureEncoder]:
    config = ModelConfig.model_validate({**SMALL, **VARIANTS[variant], **changes})
    encoder = FeatureEncoder.build(
        config.model_copy(
            update={"features": config.features.model_copy(update={"clusters": None, "gazetteers": []})}
        ),
        SENTENCES[:4],
        [],
    )
    if variant == "files":
        encoder.clusters = Clusters(["Ada", "London"], ["0", "101"], [1, 0], [1, 2])
        encoder.gazetteers = Gazetteers([Names("places", [], ["london", "new york"])])
    torch.manual_seed(5)
    model = SequenceTagger(config, encoder.sizes, TAGSET, 5)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(0.3 * torch.randn(parameter.shape))
    return model.eval(), encoder


def batch_of(encoder: FeatureEncoder, *numbers: int, tags: list[list[str]] | None = TAGS) -> Batch:
    corpus = EncodedCorpus(encoder, SENTENCES, TAGSET, tags, "IOB2")
    return corpus.batch(np.array(numbers, dtype=np.int64))


def padded(batch: Batch, columns: int) -> Batch:
    """The same sentences, with rubbish in so many more columns of padding."""

    def wider(tensor: Tensor | None, rubbish: int) -> Tensor | None:
        if tensor is None:
            return None
        shape = (len(tensor), columns, *tensor.shape[2:])
        return torch.cat([tensor, torch.full(shape, rubbish, dtype=tensor.dtype)], dim=1)

    index = wider(batch.index, len(batch.words) - 1)
    assert index is not None
    return replace(
        batch, index=index, gazetteers=wider(batch.gazetteers, 3), tags=wider(batch.tags, 1), allowed=batch.allowed
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_emissions_depend_on_neither_neighbours_nor_padding(variant: str) -> None:
    model, encoder = make(variant)
    together = batch_of(encoder, 2, 0, 4, 1, 3)
    with torch.no_grad():
        all_of_them, wide = model(together), model(padded(together, 7))
        for row, number in enumerate([2, 0, 4, 1, 3]):
            alone = model(batch_of(encoder, number))[0]
            size = len(SENTENCES[number])
            assert alone.shape == (size, len(TAGSET))
            torch.testing.assert_close(all_of_them[row, :size], alone, atol=1e-6, rtol=1e-5)
            torch.testing.assert_close(wide[row, :size], alone, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_and_gradients_are_sums_over_sentences(variant: str) -> None:
    model, encoder = make(variant)
    model.train()  # all dropout is 0
    batch = padded(batch_of(encoder, 2, 0, 4, 1, 3), 3)
    losses = model.loss(batch)
    losses.sum().backward()
    parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert all(p.grad is not None for p in parameters.values())
    together = {name: p.grad.clone() for name, p in parameters.items() if p.grad is not None}
    model.zero_grad()
    for row, number in enumerate([2, 0, 4, 1, 3]):
        alone = model.loss(batch_of(encoder, number))
        torch.testing.assert_close(alone[0], losses[row], atol=1e-5, rtol=1e-5)
        alone.sum().backward()
    for name, parameter in parameters.items():
        torch.testing.assert_close(parameter.grad, together[name], atol=2e-5, rtol=1e-4, msg=name)


def test_a_loss_is_the_crf_s_over_the_emissions() -> None:
    model, encoder = make()
    batch = batch_of(encoder, 0)
    emissions = model(batch)
    parent = super(type(model.crf), model.crf)
    assert batch.tags is not None
    expected = -parent.forward(emissions, batch.tags, torch.ones_like(batch.tags, dtype=torch.bool))
    torch.testing.assert_close(model.loss(batch).sum(), expected)


def test_the_softmax_head_is_token_wise_cross_entropy() -> None:
    model, encoder = make("softmax")
    batch = batch_of(encoder, 2, 0, 1)
    losses, emissions = model.loss(batch), model(batch)
    assert batch.tags is not None
    for row, size in enumerate(batch.lengths.tolist()):
        expected = functional.cross_entropy(emissions[row, :size], batch.tags[row, :size], reduction="sum")
        torch.testing.assert_close(losses[row], expected)
    assert not any(parameter.requires_grad or parameter.any() for parameter in model.crf.parameters())
    assert all(parameter.requires_grad for parameter in make()[0].crf.parameters())


def test_the_softmax_head_knows_the_scheme_when_it_decodes() -> None:
    model, _ = make("softmax")
    emissions = torch.zeros(1, 2, len(TAGSET))
    emissions[0, :, TAGSET.tags.index("I-PER")] = 9.0  # the best tag of each token, and never twice
    best = [TAGSET.tags[number] for number in model.crf.decode(emissions, torch.tensor([2]))[0].tolist()]
    assert illegal(best, "IOBES") == []


def test_label_smoothing_spreads_the_gold_tags() -> None:
    model, encoder = make("softmax", label_smoothing=0.2)
    batch = batch_of(encoder, 2, 0, 1)
    losses, emissions = model.loss(batch), model(batch)
    assert batch.tags is not None
    for row, size in enumerate(batch.lengths.tolist()):
        gold = emissions[row, :size], batch.tags[row, :size]
        expected = functional.cross_entropy(*gold, reduction="sum", label_smoothing=0.2)
        torch.testing.assert_close(losses[row], expected)


def test_dropout_of_groups_knows_all_of_them() -> None:
    model, encoder = make("files", features={**VARIANTS["files"]["features"], "group_dropout": 0.5})
    batch = batch_of(encoder, 2, 0)
    torch.manual_seed(1)
    inputs = model.train().inputs(model.represent(batch), batch.index, batch.gazetteers)
    assert sum(model.group_dropout.sizes) == inputs.shape[2] and len(model.group_dropout.sizes) == 5
    whole = [part.eq(0).all(2) for part in inputs.split(model.group_dropout.sizes, dim=2)]
    assert all(0 < gone.float().mean() < 1 for gone in whole)


@pytest.mark.parametrize("variant", ["plain", "files"])
def test_a_sentence_is_read_in_its_document(variant: str) -> None:
    """What comes out for a sentence is cut out of what comes out for all that is read."""
    options = {**VARIANTS[variant], "encoder": {"hidden": 6, "dropout": 0.0, "context": 3}}
    model, encoder = make(variant, **options)
    documents = [0, 0, 0, 1, 1]
    corpus = EncodedCorpus(encoder, SENTENCES, TAGSET, TAGS, "IOB2", beside=Beside(documents), reach=3)
    batch = corpus.batch(np.arange(5))
    assert model.beyond is not None and batch.tags is not None and batch.tags.shape[1] == 10
    with torch.no_grad():
        found = model(batch)
        flat = [word for sentence in SENTENCES for word in sentence]
        for row, (start, stop) in enumerate([(0, 8), (2, 9), (3, 16), (16, 20), (16, 20)]):  # by hand
            before = sum(map(len, SENTENCES[:row])) - start
            own = slice(before, before + len(SENTENCES[row]))
            whole = EncodedCorpus(encoder, [flat[start:stop]]).batch(np.array([0]))
            if variant == "files":  # names are looked for within sentences
                assert corpus.gazetteers is not None
                whole.gazetteers = torch.from_numpy(corpus.gazetteers[start:stop])[None]
            inputs = model.inputs(model.represent(whole), whole.index, whole.gazetteers)
            outside = torch.ones(inputs.shape[1], dtype=torch.bool)
            outside[own] = False
            inputs = inputs + outside[:, None] * model.beyond
            expected = model.project(model.encoder(inputs, whole.lengths))[0, own]
            torch.testing.assert_close(found[row, : len(SENTENCES[row])], expected, atol=1e-6, rtol=1e-5)
    model.train().loss(batch).sum().backward()
    assert model.beyond.grad is not None and model.beyond.grad.abs().sum() > 0


def test_a_second_head_adds_its_weighted_loss() -> None:
    model, encoder = make()
    values = np.arange(sum(map(len, SENTENCES))) % 3
    corpus = EncodedCorpus(encoder, SENTENCES, TAGSET, TAGS, "IOB2", auxiliary=values)
    batch = corpus.batch(np.array([2, 0, 1]))
    without = model.loss(batch)
    model.auxiliary = AuxiliaryHead(model.encoder.output_size, 3, 0.25)
    losses = model.loss(batch)
    starts = np.cumsum([0, *map(len, SENTENCES)])
    hidden = model.encode(model.represent(batch), batch.index, batch.lengths)
    for row, number in enumerate([2, 0, 1]):
        gold = torch.from_numpy(values[starts[number] : starts[number + 1]])
        scores = model.auxiliary.project(hidden[row, : len(gold)])
        expected = without[row] + 0.25 * functional.cross_entropy(scores, gold, reduction="sum")
        torch.testing.assert_close(losses[row], expected)
    losses.sum().backward()
    assert all(parameter.grad is not None for parameter in model.auxiliary.parameters())


def language_model(model: SequenceTagger) -> LanguageModelHead:
    torch.manual_seed(4)
    return LanguageModelHead(6, model.encoder.directions, model.words.output_size, 3, 0.5)


def test_a_language_model_adds_its_loss() -> None:
    model, encoder = make()
    batch = batch_of(encoder, 2, 0, 1)
    without = model.loss(batch)
    head = model.language_model = language_model(model)
    table = model.represent(batch)
    hidden = model.encode(table, batch.index, batch.lengths)
    losses = model.loss(batch)
    torch.testing.assert_close(losses, without + head(hidden, table, batch.index, batch.lengths))
    assert (losses > without).tolist() == [True, True, False]  # a single word has no neighbours
    losses.sum().backward()
    assert all(parameter.grad is not None for parameter in head.parameters())


@pytest.mark.parametrize("variant", ["plain", "gru", "one direction", "layer norm"])
def test_no_direction_has_seen_the_word_that_it_foretells(variant: str) -> None:
    """What is foretold of a word is the same whatever the word is, given the same words to choose from."""
    model, encoder = make(variant)
    head = language_model(model)
    batch = batch_of(encoder, 2)
    table = model.represent(batch)
    for place in range(1, 9):
        changed = batch.index.clone()
        changed[0, place] = (changed[0, place] + 1) % len(table)
        hidden, other = (model.encode(table, index, batch.lengths) for index in (batch.index, changed))
        for direction, seen in enumerate((place - 1, place + 1)[: model.encoder.directions]):
            parts = [head.predict[direction](one.chunk(len(head.predict), 2)[direction]) for one in (hidden, other)]
            torch.testing.assert_close(parts[0][0, seen], parts[1][0, seen], rtol=0, atol=0)
            assert not parts[0][0, place].equal(parts[1][0, place])


def test_a_language_model_foretells_no_word_of_the_context() -> None:
    model, encoder = make("plain", encoder={"hidden": 6, "dropout": 0.0, "context": 3})
    corpus = EncodedCorpus(encoder, SENTENCES, TAGSET, TAGS, "IOB2", beside=Beside([0] * 5), reach=3)
    batch = corpus.batch(np.array([0, 3]))
    assert batch.around is not None and batch.index.shape[1] > 5
    without = model.loss(batch)
    head = model.language_model = language_model(model)
    table = model.represent(batch)
    hidden = model.encode(table, batch.index, batch.lengths, None, batch.around)
    (first, _), (second, _) = batch.around.tolist()
    own = torch.zeros(2, 5, dtype=torch.int64)
    own[0], own[1, :2] = batch.index[0, first : first + 5], batch.index[1, second : second + 2]
    torch.testing.assert_close(model.loss(batch), without + head(hidden, table, own, batch.lengths))


def test_partial_annotation_that_leaves_nothing_open_is_full_annotation() -> None:
    model, encoder = make()
    full = batch_of(encoder, 0, 2)
    assert full.tags is not None
    allowed = functional.one_hot(full.tags, len(TAGSET)).bool()
    torch.testing.assert_close(model.loss(replace(full, tags=None, allowed=allowed)), model.loss(full))
    everything = torch.ones_like(allowed)
    open_loss = model.loss(replace(full, tags=None, allowed=everything))
    assert (open_loss < 1e-3).all() and (model.loss(full) > 0.1).all()


def test_without_tags_there_is_no_loss() -> None:
    model, encoder = make()
    with pytest.raises(ValueError, match="without tags"):
        model.loss(batch_of(encoder, 0, tags=None))


@pytest.mark.parametrize("variant", ["plain", "files", "layer norm", "no recurrence"])
def test_a_process_without_a_sentence_has_a_loss_and_no_gradient(variant: str) -> None:
    model, encoder = make(variant)
    losses = model.train().loss(batch_of(encoder))
    assert losses.shape == (0,)
    losses.sum().backward()
    assert not any(p.grad.any() for p in model.parameters() if p.grad is not None)


@given(st.permutations(range(len(SENTENCES))))
@settings(max_examples=10, deadline=None)
def test_the_order_of_sentences_is_the_order_of_losses(order: list[int]) -> None:
    model, encoder = make()
    with torch.no_grad():
        losses = model.loss(batch_of(encoder, *order))
        expected = model.loss(batch_of(encoder, *range(len(SENTENCES))))
    torch.testing.assert_close(losses, expected[torch.tensor(order)], atol=1e-5, rtol=1e-5)


def test_the_same_seed_makes_the_same_network() -> None:
    one, other = make("files")[0].state_dict(), make("files")[0].state_dict()
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_is_laid_out_without_memory_on_the_meta_device() -> None:
    _, encoder = make()
    with torch.device("meta"):
        model = SequenceTagger(ModelConfig.model_validate(SMALL), encoder.sizes, TAGSET, 1_000_000_000)
    assert model.words.table.weight.shape[1] == 1_000_000_000
    assert {parameter.device.type for name, parameter in model.named_parameters() if "crf" not in name} == {"meta"}
