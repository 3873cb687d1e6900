"""The hub is not reached: a local stand-in answers in place of `datasets.load_dataset`."""

import datasets
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

from ner.config import DataConfig
from ner.corpus import hub
from ner.corpus.read import load, read
from ner.errors import DataError

TAGS = ["O", "B-PER", "I-PER"]
ROWS = {"tokens": [["Ada", "L."], [], ["left"]], "ner_tags": [[1, 2], [], [0]]}


def classed(rows=ROWS, names=TAGS):
    feature = datasets.Sequence(ClassLabel(names=names))
    return Dataset.from_dict(rows, Features({"tokens": datasets.Sequence(Value("string")), "ner_tags": feature}))


@pytest.fixture
def stand_in(monkeypatch):
    """Answers by (name, configuration, revision, data_dir); an answer that is an exception is raised."""
    answers, asked = {}, []

    def load_dataset(path, name=None, *, revision=None, data_dir=None):
        asked.append((path, name, revision, data_dir))
        answer = answers.get(asked[-1], datasets.exceptions.DatasetNotFoundError(f"Dataset '{path}' doesn't exist"))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(hub, "_has_script", lambda path: False)
    load_dataset.answers, load_dataset.asked = answers, asked
    return load_dataset


def contents(dataset):
    return list(zip(dataset["tokens"][:], dataset["tags"][:], strict=True))


def test_class_labels_become_their_names_and_splits_their_usual_ones(stand_in):
    stand_in.answers["some/corpus", None, None, None] = DatasetDict(
        train=classed(), validation=classed(), other=classed()
    )
    corpus = load(DataConfig(dataset="some/corpus"))
    assert list(corpus) == ["train", "dev"]
    assert contents(corpus["dev"]) == [(["Ada", "L."], ["B-PER", "I-PER"]), (["left"], ["O"])]
    assert set(corpus["train"]["file"][:]) == {"some/corpus train"}


def test_configuration_revision_and_column_names(stand_in):
    rows = Dataset.from_dict({"forms": [["Ada"]], "gold": [["S-PER"]]})
    stand_in.answers["some/corpus", "en", "v2", None] = DatasetDict(test=rows)
    data = DataConfig(dataset="some/corpus:en", revision="v2", tokens="forms", tags="gold")
    assert contents(load(data)["test"]) == [(["Ada"], ["S-PER"])]


SCRIPT = RuntimeError("Dataset scripts are no longer supported, but found conll2003.py")


def test_a_revision_that_was_asked_for_is_not_replaced(stand_in):
    stand_in.answers["some/corpus", None, "v1", None] = SCRIPT
    with pytest.raises(DataError, match="scripts are no longer supported"):
        load(DataConfig(dataset="some/corpus", revision="v1"))
    assert len(stand_in.asked) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, "Check the name"),
        (ConnectionError("Couldn't reach 'some/corpus' on the Hub (LocalEntryNotFoundError)"), "save_to_disk"),
        (
            ValueError("Config name is missing.\nPlease pick one among the available configs: ['en', 'de']"),
            r"available configs: \['en', 'de'\].* data.dataset=some/corpus:CONFIG",
        ),
        (datasets.exceptions.DatasetNotFoundError("'some/corpus' is a gated dataset on the Hub."), "Ask for access"),
        (FileNotFoundError("cannot find the files. Please check your connection"), "save_to_disk"),
        (KeyError("surprise"), "name its files in data.train"),
    ],
)
def test_what_cannot_be_had_names_the_way_out(stand_in, answer, expected):
    if answer is not None:
        stand_in.answers["some/corpus", None, None, None] = answer
    with pytest.raises(DataError, match=rf"^some/corpus: the dataset cannot be had: .*{expected}"):
        load(DataConfig(dataset="some/corpus"))


def test_a_saved_folder(tmp_path):
    DatasetDict(train=classed(), test=classed()).save_to_disk(str(tmp_path / "dict"))
    classed().save_to_disk(str(tmp_path / "one"))
    assert list(load(DataConfig(dataset=str(tmp_path / "dict")))) == ["train", "test"]
    assert len(load(DataConfig(dataset=str(tmp_path / "one")))["train"]) == 2
    (tmp_path / "one" / "state.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read as a saved dataset"):
        load(DataConfig(dataset=str(tmp_path / "one")))


def test_parquet_by_folder_and_by_file(tmp_path):
    (tmp_path / "data").mkdir()
    classed().to_parquet(tmp_path / "data" / "train-00000-of-00002.parquet")
    classed().to_parquet(tmp_path / "data" / "train-00001-of-00002.parquet")
    classed().to_parquet(tmp_path / "data" / "validation-00000-of-00001.parquet")
    corpus = load(DataConfig(dataset=str(tmp_path)))
    assert {name: len(split) for name, split in corpus.items()} == {"train": 4, "dev": 2}
    file = tmp_path / "data" / "validation-00000-of-00001.parquet"
    assert contents(load(DataConfig(test=[str(file)]))["test"]) == contents(corpus["dev"])
    assert [one.tags for one in read(file, tagged=False)] == [None, None]


def test_folders_and_files_that_are_something_else(tmp_path):
    with pytest.raises(DataError, match="neither a saved dataset nor one of parquet"):
        hub.find_dataset(str(tmp_path))
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(DataError, match=r"a\.parquet: is no parquet file"):
        list(read(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match="no such file"):
        list(read(tmp_path / "b.parquet"))


def test_in_memory_documents_lines_and_files_are_kept():
    corpus = DatasetDict(
        train=Dataset.from_dict(
            {"tokens": [["a"], ["b"]], "tags": [["O"], ["O"]], "document": [0, 3], "line": [1, 9], "file": ["x", "y"]}
        )
    )
    split = load(DataConfig(), corpus)["train"]
    assert (split["document"][:], split["line"][:], split["file"][:]) == ([0, 3], [1, 9], ["x", "y"])
    assert load(DataConfig(), load(DataConfig(), corpus))["train"].to_dict() == split.to_dict()


def test_document_rows_are_boundaries():
    rows = {"tokens": [["-DOCSTART-"], ["a"], ["-DOCSTART-"], ["b"]], "tags": [["O"]] * 4}
    split = load(DataConfig(), DatasetDict(train=Dataset.from_dict(rows)))["train"]
    assert (split["tokens"][:], split["document"][:]) == ([["a"], ["b"]], [0, 1])


def test_rows_that_were_picked_or_shuffled_are_read_as_they_stand():
    rows = Dataset.from_dict({"tokens": [["a"], ["b"], ["c"]], "tags": [["O"]] * 3}).select([2, 0])
    assert load(DataConfig(), {"test": rows})["test"]["tokens"][:] == [["c"], ["a"]]


def test_limit():
    assert len(load(DataConfig(limit=1), DatasetDict(train=classed()))["train"]) == 1


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"text": ["a"]}, "no column tokens or words. Its columns are text: set data.tokens"),
        ({"tokens": [["a"]]}, "no column ner_tags or tags .* set data.tags"),
        ({"tokens": ["a"], "tags": [["O"]]}, "row 0: tokens is 'a', not a list of words"),
        ({"tokens": [["a"], ["b"]], "tags": [["O"], ["O", "O"]]}, "row 1: 1 tokens, but 2 tags"),
        ({"tokens": [["a"]], "tags": [["PER"]]}, "row 0: tags holds 'PER', which is no tag"),
        ({"tokens": [["a"]], "tags": [[1]]}, "column tags holds numbers without names"),
        ({"tokens": [["a"]], "tags": [None]}, "row 0: 1 tokens, but no list of tags"),
        ({"tokens": [], "tags": []}, "train holds no sentence"),
    ],
)
def test_columns_that_do_not_fit(rows, expected):
    with pytest.raises(DataError, match=expected):
        load(DataConfig(), DatasetDict(train=Dataset.from_dict(rows)))


def test_class_labels_that_do_not_fit():
    with pytest.raises(DataError, match="column ner_tags holds 'person', which is no tag"):
        load(DataConfig(), DatasetDict(train=classed(names=["O", "person", "x"])))
    rows = {"tokens": [["a"]], "ner_tags": [[-1]]}
    with pytest.raises(DataError, match="row 0: ner_tags holds -1, which has no name"):
        load(DataConfig(), DatasetDict(train=classed(rows)))


def test_splits_of_unknown_names():
    rows = classed()
    assert list(load(DataConfig(), {"everything": rows})) == ["train"]
    with pytest.raises(DataError, match="has the splits one, two"):
        load(DataConfig(), {"one": rows, "two": rows})
