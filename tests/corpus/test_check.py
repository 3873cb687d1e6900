import hashlib
import json

import pytest
from datasets import DatasetDict
from hypothesis import given

from ner.config import DataConfig
from ner.corpus.check import check, identity
from ner.corpus.read import load
from ner.corpus.sentence import Sentence
from ner.corpus.table import to_dataset
from ner.schemes import to_spans
from tests.corpus.strategies import corpora, patient, plain_words

SHARED = "In\tO\nNew\tB-LOC\nYork\tI-LOC\n.\tO\nOk\tO\n\n"
TRAIN = "Ada\tB-PER\nmet\tO\nBob\tI-PER\n.\tO\n\n" + SHARED * 2
DEV = SHARED + "\tO\nACME\tB-ORG\nAda\tB-PER\n\n"


@pytest.fixture
def corpus(tmp_path):
    (tmp_path / "train.conll").write_text(TRAIN)
    (tmp_path / "dev.conll").write_text(DEV)
    return load(DataConfig(train=[str(tmp_path / "train.conll")], dev=[str(tmp_path / "dev.conll")]))


def messages(report, severity):
    return " | ".join(str(one) for one in report.problems if one.severity == severity)


def test_numbers(corpus):
    report = check(corpus)
    train, dev = report.splits["train"], report.splits["dev"]
    assert report.scheme == "IOB2"
    assert (train.sentences, train.tokens, train.entities, train.documents) == (3, 14, 4, 1)
    assert (train.labels, train.entity_tokens, train.longest, train.repeated) == ({"LOC": 2, "PER": 2}, 6, 5, 1)
    assert (dev.in_train, dev.repeated, dev.empty_tokens) == (1, 0, 1)
    assert (dev.new_tokens, dev.new_entities) == (2 / 8, 1 / 3)
    assert (train.in_train, train.new_tokens, train.vector_tokens) == (None, None, None)


def test_illegal_tags_with_their_lines(corpus):
    report = check(corpus)
    assert report.splits["train"].illegal == 1
    (example,) = report.splits["train"].illegal_examples
    assert example.endswith("train.conll:3 I-PER (Bob) after O")
    assert "train.conll:3 I-PER (Bob)" in messages(report, "warning")
    assert not report.fatal


def test_labels_that_train_lacks_shared_sentences_and_rare_labels(corpus):
    report = check(corpus)
    warnings = messages(report, "warning")
    assert "labels of dev that train does not have: ORG (1)" in warnings
    assert "1 sentence stands in train and in dev (1 of 5 or more words)" in warnings
    assert '"In New York . Ok"' in warnings and "train.conll:6" in warnings and "dev.conll:1" in warnings
    assert "fewer than 10 entities of: LOC (2), PER (2)" in messages(report, "note")
    assert "1 tokens of dev are empty" in messages(report, "note")


def test_vector_hits_are_asked_once_a_word_and_stop_a_training_below_half(corpus):
    asked = []

    def hits(word):
        asked.append(word)
        return word in ("In", "New", "York", "Ok", ".")

    report = check(corpus, hits)
    assert len(asked) == len(set(asked)) == 10
    assert report.splits["train"].vector_tokens == 11 / 14
    assert report.splits["train"].vector_words == 5 / 8
    assert not report.fatal
    (fatal,) = check(corpus, lambda word: word == "Ok").fatal
    assert str(fatal).startswith("only 14.3% of the tokens of train (12.5% of its words) have a vector.")


def test_no_entity_stops_a_training(tmp_path):
    (tmp_path / "a.conll").write_text("a\tO\n\n")
    corpus = load(DataConfig(train=[str(tmp_path / "a.conll")], test=[str(tmp_path / "a.conll")]))
    report = check(corpus)
    assert [str(one)[:18] for one in report.fatal] == ["train has no entit"]
    assert "test has no entity" in messages(report, "warning")


def test_a_split_in_another_scheme_is_named(tmp_path):
    (tmp_path / "a.conll").write_text("a\tB-X\nb\tI-X\n\nc\tB-X\n\n")
    (tmp_path / "b.conll").write_text("a\tB-X\nb\tE-X\n\nc\tS-X\n\n")
    report = check(load(DataConfig(train=[str(tmp_path / "a.conll")], dev=[str(tmp_path / "b.conll")])))
    assert "dev looks written in IOBES" in messages(report, "warning")
    assert check(report_corpus(tmp_path), scheme="BILOU").scheme == "BILOU"


def report_corpus(tmp_path):
    return load(DataConfig(train=[str(tmp_path / "a.conll")]))


def test_labels_that_differ_in_case_only_and_long_sentences(tmp_path):
    (tmp_path / "a.conll").write_text("a\tB-Per\nb\tB-PER\n" + "c\tO\n" * 300)
    report = check(load(DataConfig(train=[str(tmp_path / "a.conll")])))
    assert "differ in case only: PER, Per" in messages(report, "warning")
    assert "has 302 tokens" in messages(report, "note")


def test_partial_tags_are_counted_apart(tmp_path):
    (tmp_path / "a.conll").write_text("a\tB-X\nb\t?\nc\tB-X|O\n\n")
    train = check(load(DataConfig(train=[str(tmp_path / "a.conll")]))).splits["train"]
    assert (train.entities, train.unknown_tokens, train.illegal) == (1, 2, 0)


def test_where_things_stand_in_other_formats(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"tokens": ["a", "b"], "tags": ["O", "I-X"]}\n{"tokens": ["c"], "tags": ["B-X"]}\n'
    )
    report = check(load(DataConfig(train=[str(tmp_path / "a.jsonl")], scheme="IOB2")), scheme="IOB2")
    assert report.splits["train"].illegal_examples[0].endswith("a.jsonl:1 I-X (b) after O")
    memory = DatasetDict(train=to_dataset([("memory", Sentence(["b"], ["I-X"]))]))
    assert check(memory, scheme="IOB2").splits["train"].illegal_examples == [
        "memory row 0 I-X (b) at the start of the sentence"
    ]


def test_json_and_table_hold_the_numbers(corpus):
    report = check(corpus, lambda word: True)
    plain = json.loads(json.dumps(report.to_json()))
    assert repr(report).startswith("<Report of train 3 sentences, dev ") and "warning" in repr(report)
    assert plain["splits"]["dev"]["labels"] == {"LOC": 1, "ORG": 1, "PER": 1}
    assert plain["problems"][0].keys() == {"severity", "message", "remedy"}
    table = report.table()
    assert "Tags are in IOB2." in table and "100.0%" in table and "25.0%" in table
    assert table.index("LOC") < table.index("PER") < table.index("ORG")
    assert "warning: labels of dev" in table and "warning: labels of dev" in report.summary()
    assert "train: 3 sentences, 14 tokens, 4 entities, 100.0% of the tokens have a vector" in report.summary()


@patient
@given(corpora(word=plain_words))
def test_identity_is_what_its_description_says(sentences):
    split = to_dataset(("a", one) for one in sentences)
    lines = [json.dumps([one.tokens, one.tags], ensure_ascii=False, separators=(",", ":")) for one in sentences]
    assert identity(split) == {
        "sentences": len(sentences),
        "tokens": sum(len(one.tokens) for one in sentences),
        "entities": sum(len(to_spans(one.tags)) for one in sentences),
        "sha256": hashlib.sha256("".join(line + "\n" for line in lines).encode()).hexdigest(),
    }
    counted = check(DatasetDict(train=split)).splits["train"]
    assert {key: getattr(counted, key) for key in identity(split)} == identity(split)
