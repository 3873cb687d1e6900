"""Suggestions: ranked by an uncertainty that all readings confirm, no two alike, nothing lost or made up."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

import ner
from ner import suggesting
from ner.config import DataConfig
from ner.corpus.read import read
from ner.suggesting import Unlike, write_suggestions
from ner.tagger import Tagger

TEXT = """\
Ada lives in London .
Grace Zorblatt of the old Acme met Xu in Ulan
it rained . Otto works for Nokia .

ada LIVES in london .
"""


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_uncertainty_is_that_of_all_readings(tiny_tagger: Tagger, tmp_path: Path) -> None:
    path = tmp_path / "short.conll"
    path.write_text("Zor\nmet\nAcme\n")
    (batch,) = tiny_tagger.predictor.emitter.emit([["Zor", "met", "Acme"]])
    paths = torch.tensor(list(itertools.product(range(len(tiny_tagger.tagset)), repeat=3)))
    many, lengths = batch.emissions.expand(len(paths), -1, -1), batch.lengths.expand(len(paths))
    temperature = tiny_tagger.predictor.temperature
    logs = tiny_tagger.predictor.model.crf.log_prob(many, paths, lengths, temperature).double()
    logs = logs[logs > -1e30]
    (by_entropy,) = ner.suggest(tiny_tagger, [path])
    assert by_entropy.uncertainty == pytest.approx(float(-(logs.exp() * logs).sum()) / 3, abs=1e-5)
    (by_confidence,) = ner.suggest(tiny_tagger, [path], by="confidence")
    assert by_confidence.uncertainty == pytest.approx(-float(logs.max()) / 3, abs=1e-5)


def test_the_least_sure_first_and_like_ones_once(tiny_tagger: Tagger, text: Path) -> None:
    found = ner.suggest(tiny_tagger, [text])
    values = [one.uncertainty for one in found]
    assert values == sorted(values, reverse=True) and all(value >= 0 for value in values)
    assert found[0].document.text == "Grace Zorblatt of the old Acme met Xu in Ulan"
    assert (found[0].file, found[0].line) == (str(text), 2)
    assert sorted(one.line for one in found)[1:] == [2, 3, 3] and len(found) == 4
    assert len(ner.suggest(tiny_tagger, [text], alike=1)) == 5
    assert [one.document for one in ner.suggest(tiny_tagger, [text], limit=2)] == [one.document for one in found[:2]]


def test_what_is_annotated_is_not_suggested(tiny_tagger: Tagger, tiny_files: Path, tmp_path: Path) -> None:
    train = tiny_files / "train.conll"
    assert ner.suggest(tiny_tagger, [train], annotated=[train]) == []
    known, text = tmp_path / "known.txt", tmp_path / "text.txt"
    known.write_text("it\nrained\n.\n")
    text.write_text(TEXT)
    texts = [one.document.text for one in ner.suggest(tiny_tagger, [text], annotated=[known])]
    assert len(texts) == 3 and "it rained ." not in texts


def test_a_pool_that_is_full_keeps_the_best(
    tiny_tagger: Tagger, tiny_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tiny_files / "train.conll", tiny_files / "test.conll"]
    whole = ner.suggest(tiny_tagger, files, limit=5, alike=1)
    monkeypatch.setattr(suggesting, "_POOL", 1)
    monkeypatch.setattr(suggesting, "_WINDOW", 7)
    found = ner.suggest(tiny_tagger, files, limit=5, alike=1)
    assert [one.document.text for one in found] == [one.document.text for one in whole]
    assert [one.uncertainty for one in found] == pytest.approx([one.uncertainty for one in whole], abs=1e-6)


def test_unlike() -> None:
    known = Unlike(0.5)
    assert known.add(["In", "1999", "Ada", "sang"])
    assert not known.add(["in", "2024", "ADA", "sang", "sang"])  # 4 of 4
    assert not known.add(["in", "1999", "Ada", "spoke", "sang"])  # 4 of 5
    assert known.add(["in", "1999", "Otto", "slept"])  # 2 of 6
    assert known.add([]) and known.add(["alone"])
    strict = Unlike(0.0)
    assert strict.add(["a", "b"]) and not strict.add(["b", "c"]) and strict.add(["c"])


def test_jsonl_can_be_trained_on(tiny_tagger: Tagger, text: Path, tmp_path: Path) -> None:
    found = ner.suggest(tiny_tagger, [text])
    write_suggestions(found, tmp_path / "next.jsonl")
    records = [json.loads(line) for line in (tmp_path / "next.jsonl").read_text().splitlines()]
    assert [one["uncertainty"] for one in records] == [round(one.uncertainty, 6) for one in found]
    for record in records:
        assert all(record["text"][one["start"] : one["end"]] == one["text"] for one in record["tokens"])
    back = list(read(tmp_path / "next.jsonl", DataConfig()))
    assert [one.tags for one in back] == [one.document.tags()[0] for one in found]
    assert any(tag != "O" for one in back for tag in one.tags or ())
    write_suggestions(found, tmp_path / "next.conll", "conll")
    assert [(one.tokens, one.tags) for one in read(tmp_path / "next.conll", DataConfig())] == [
        (one.tokens, one.tags) for one in back
    ]
    write_suggestions(found, tmp_path / "next.txt", "text")
    assert (tmp_path / "next.txt").read_text().splitlines() == [one.document.text for one in found]


def test_every_kind_of_file(tiny_tagger: Tagger, tmp_path: Path) -> None:
    columns, records = tmp_path / "a.conll", tmp_path / "a.jsonl"
    columns.write_text("# x\nAda B-PER\nsang O\n\n-DOCSTART- O\n\nOslo B-LOC\nslept O\n")
    records.write_text('{"tokens": ["Ada", "sang"], "id": 1}\n\n{"text": "Oslo slept"}\n')
    for path, lines in ((columns, {1, 7}), (records, {1, 3})):
        found = ner.suggest(tiny_tagger, [path])
        assert {one.document.text for one in found} == {"Ada sang", "Oslo slept"}, path
        assert {one.line for one in found} == lines


def test_one_file_is_no_list_of_letters(tiny_tagger: Tagger, text: Path, tmp_path: Path) -> None:
    found = ner.suggest(tiny_tagger, str(text))
    assert [one.line for one in found] == [one.line for one in ner.suggest(tiny_tagger, [text])] != []
    write_suggestions(found, tmp_path / "known.conll", "conll")
    assert ner.suggest(tiny_tagger, text, annotated=str(tmp_path / "known.conll")) == []


@pytest.mark.parametrize("arguments", [{"limit": 0}, {"alike": 1.5}, {"by": "length"}])
def test_what_cannot_be(tiny_tagger: Tagger, text: Path, arguments: dict[str, Any]) -> None:
    with pytest.raises(ner.ConfigError, match="expected at least 1, a share from 0 to 1, entropy or confidence"):
        ner.suggest(tiny_tagger, [text], **arguments)


def test_how_another_format_is_read(tiny_tagger: Tagger, text: Path, tiny_files: Path) -> None:
    tab = DataConfig(separator="tab")
    with pytest.raises(ner.ConfigError, match=r"data.separator=tab has no place in text: leave it out"):
        ner.suggest(tiny_tagger, text, data=tab)
    blank = DataConfig(separator="blank")
    assert ner.suggest(tiny_tagger, text, annotated=tiny_files / "dev.conll", data=blank)


def test_no_doubt_is_zero() -> None:
    sure = suggesting.Explanation(1.0, 0.0, torch.ones(2, 1).numpy(), [])
    assert suggesting.uncertainty(sure, "entropy") == suggesting.uncertainty(sure, "confidence") == 0
    unsure = suggesting.Explanation(0.5, math.log(2), torch.ones(2, 1).numpy(), [])
    assert suggesting.uncertainty(unsure, "confidence") == pytest.approx(math.log(2) / 2)
