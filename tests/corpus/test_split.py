import subprocess
import sys

import pytest
from datasets import DatasetDict
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.read import hold_out
from ner.corpus.sentence import Sentence
from ner.corpus.table import to_dataset
from ner.errors import DataError
from tests.corpus.strategies import patient


def corpus(words, documents=None):
    documents = documents or [0] * len(words)
    return DatasetDict(
        train=to_dataset(
            ("a.conll", Sentence([word], ["O"], document=document))
            for word, document in zip(words, documents, strict=True)
        )
    )


def words(split):
    return [tokens[0] for tokens in split["tokens"][:]]


@patient
@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), min_size=2, max_size=60), st.integers(0, 5), st.data())
def test_a_partition_that_depends_on_nothing_but_content_and_seed(letters, seed, data):
    if len(set(letters)) < 2:
        with pytest.raises(DataError, match="cannot be split"):
            hold_out(corpus(letters), 0.2, seed)
        return
    try:
        split = hold_out(corpus(letters), 0.2, seed)
    except DataError:
        assert max(map(letters.count, letters)) > 0.5 * len(letters)  # equal sentences stay together
        return
    train, dev = words(split["train"]), words(split["dev"])
    assert sorted(train + dev) == sorted(letters)
    assert not set(train) & set(dev)
    assert [word for word in letters if word in dev] == dev  # in their order
    assert len(dev) >= 0.2 * len(letters)
    assert len(dev) - letters.count(dev[-1]) < 0.2 * len(letters) or len(set(dev)) > 1
    again = hold_out(corpus(data.draw(st.permutations(letters))), 0.2, seed)
    assert set(words(again["dev"])) == set(dev)


def test_the_size_is_right_and_the_seed_matters():
    letters = [str(number) for number in range(1000)]
    first, second = (set(words(hold_out(corpus(letters), 0.1, seed)["dev"])) for seed in (1, 2))
    assert len(first) == len(second) == 100
    assert len(first & second) < 30


def test_documents_stay_whole_where_there_are_enough_of_them():
    letters = [str(number) for number in range(200)]
    split = hold_out(corpus(letters, [number // 10 for number in range(200)]), 0.1, 1)
    train, dev = (set(split[name]["document"][:]) for name in ("train", "dev"))
    assert len(dev) == 2
    assert not train & dev
    few = hold_out(corpus(letters, [number // 50 for number in range(200)]), 0.1, 1)
    assert set(few["train"]["document"][:]) & set(few["dev"]["document"][:])


def test_other_splits_are_kept():
    data = corpus(["a", "b", "c"])
    data["test"] = data["train"]
    assert list(hold_out(data, 0.3, 1)) == ["train", "dev", "test"]


def test_hash_seeds_do_not_matter():
    code = (
        "from tests.corpus.test_split import corpus, words; from ner.corpus.read import hold_out;"
        "print(words(hold_out(corpus([str(n) for n in range(50)]), 0.1, 3)['dev']))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != b"", runs[0].stderr
