from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from threading import Thread, current_thread

import numpy as np
import pytest
import torch

from ner.batching import Batching, Emitted
from ner.emission import Emitter
from ner.errors import ConfigError
from ner.persistence import load_model

WORDS = ["Ada", "Lovelace", "lives", "in", "London", ".", "New", "York", "Acme", "Corp.", "met", "zzz", "", "1843"]

Make = Callable[..., Emitter]


@pytest.fixture(scope="module")
def make(tiny_model: Path) -> Make:
    def emitter(**options: object) -> Emitter:
        model, encoder, _, _ = load_model(tiny_model)
        return Emitter(model, encoder, **options)  # type: ignore[arg-type]

    return emitter


@pytest.fixture
def sentences() -> list[list[str]]:
    rng = np.random.default_rng(1)
    return [rng.choice(WORDS, rng.integers(0, 30)).tolist() for _ in range(100)]


def by_sentence(emitter: Emitter, sentences: list[list[str]]) -> dict[int, torch.Tensor]:
    return {
        number: batch.emissions[row, : len(sentences[number])]
        for batch in emitter.emit(sentences)
        for row, number in enumerate(batch.sentences)
    }


def test_batches_keep_to_their_budget_and_waste_none() -> None:
    lengths = np.random.default_rng(2).integers(0, 40, 300)
    batches = list(Batching([["x"] * length for length in lengths], None, 0).batches(64))
    assert sorted(np.concatenate(batches)) == np.nonzero(lengths)[0].tolist()
    sizes = [len(batch) * lengths[batch].max() for batch in batches]
    assert max(sizes) <= 64
    for batch, following in pairwise(batches):
        more = 16 if len(batch) >= 16 else 1  # large batches have a multiple of 16 sentences
        assert len(batch) % more == 0
        assert (len(batch) + more) * max(lengths[batch].max(), lengths[following[:more]].max()) > 64


def test_the_number_of_threads_changes_not_a_bit(make: Make, sentences: list[list[str]]) -> None:
    before = torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(by_sentence(make(batch_tokens=200), sentences))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    first, *others = found
    for other in others:
        assert all(torch.equal(first[number], other[number]) for number in first)


def test_batches_are_shared_out_among_threads_with_torch_to_themselves(
    make: Make, sentences: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.threads.available_cores", lambda: 2)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        seen = set(
            make(batch_tokens=100).start(sentences, lambda batch: (current_thread().name, torch.get_num_threads()))
        )
        found: list[int] = []
        later = Thread(target=lambda: found.append(torch.get_num_threads()))
        later.start()
        later.join()
    finally:
        torch.set_num_threads(before)
    assert {threads for _, threads in seen} == {1}
    assert all(name.startswith("ner") for name, _ in seen)
    assert found == [2]  # threads that come later are not touched


def test_autocast_around_it_changes_nothing(make: Make, sentences: list[list[str]]) -> None:
    expected = by_sentence(make(), sentences)
    for batch_tokens in (10**6, 64):  # one batch in this thread, or several in others
        with torch.autocast("cpu", torch.bfloat16):
            found = by_sentence(make(batch_tokens=batch_tokens), sentences)
        for number, emissions in expected.items():
            torch.testing.assert_close(found[number], emissions, rtol=0, atol=1e-5)


def test_an_error_in_a_batch_comes_out(make: Make, sentences: list[list[str]]) -> None:
    def fail(batch: Emitted) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(make(batch_tokens=50).start(sentences, fail))


def test_bf16_is_near_fp32(make: Make, sentences: list[list[str]]) -> None:
    exact, rough = by_sentence(make(), sentences), by_sentence(make(precision="bf16"), sentences)
    difference = torch.cat([(exact[number] - rough[number]).abs().flatten() for number in exact])
    size = torch.cat([emissions.abs().flatten() for emissions in exact.values()]).mean()
    assert 0 < difference.mean() < 0.02 * size


def test_an_unknown_precision(make: Make) -> None:
    with pytest.raises(ConfigError, match="precision 'fp16': expected one of fp32, bf16"):
        make(precision="fp16")
