"""Predictions of other systems are taken for what they are asked for only if they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from tests.scripts.loading import script

peer_scores = script("peer_scores")


def test_predictions_of_other_epochs_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tagged, trained_by = tmp_path / "seed1.conll", tmp_path / "settings.json"
    wanted = {"epochs": 15, "vectors": "a.txt"}
    peer_scores.refuse_others(tagged, trained_by, wanted)
    assert "it is not known how it was trained" in capsys.readouterr().out
    trained_by.write_text(json.dumps(wanted))
    peer_scores.refuse_others(tagged, trained_by, wanted)
    assert capsys.readouterr().out == ""
    with pytest.raises(typer.BadParameter, match=r"was trained with epochs 15, not 3: remove it"):
        peer_scores.refuse_others(tagged, trained_by, {**wanted, "epochs": 3})


def test_a_configuration_without_vectors(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(json.dumps({"data": {"train": "x.conll"}}))
    with pytest.raises(typer.BadParameter, match="names no vectors"):
        peer_scores.main(tmp_path / "a.yaml", output=tmp_path)


def test_a_configuration_with_several_files_of_vectors(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(json.dumps({"data": {"train": "x.conll"}, "vectors": ["a.txt", "b.txt"]}))
    with pytest.raises(typer.BadParameter, match="names 2 files of vectors, and the peers read one"):
        peer_scores.main(tmp_path / "a.yaml", output=tmp_path)
