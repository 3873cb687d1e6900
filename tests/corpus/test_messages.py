"""Every way in which a corpus file can be wrong, and what is said about it."""

import pytest

from ner.config import DataConfig
from ner.corpus.read import load
from ner.errors import DataError
from tests.scripts.loading import script

provocations = script("provocations")
CASES = provocations.CORPORA


@pytest.mark.parametrize("name", CASES)
def test_message(tmp_path, name):
    _, options, expected = CASES[name]
    path = provocations.lay_out_corpus(tmp_path, name)
    with pytest.raises(DataError) as error:
        load(DataConfig(train=[str(path)], **options))
    assert str(error.value) == f"{path}{expected}"


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataError) as error:
        load(DataConfig(train=[str(tmp_path / "a.conll")]))
    assert str(error.value) == (
        f"{tmp_path / 'a.conll'}: no such file. Check the path; it is relative to the folder you are in."
    )
    with pytest.raises(DataError, match=r"is a folder without \.txt files. brat keeps NAME.txt and NAME.ann there"):
        load(DataConfig(train=[str(tmp_path)]))
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        load(DataConfig(train=[str(tmp_path)], format="columns"))
    (tmp_path / "a.txt").write_text("Ada")
    with pytest.raises(DataError, match=r"a\.ann: no such file, so the text is not annotated"):
        load(DataConfig(train=[str(tmp_path)]))
