"""The component in pipelines of spaCy: the plain tagger's answers, in its documents."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ner
from ner.errors import ModelError

spacy = pytest.importorskip("spacy")

from spacy.tokens import DocBin, Span  # noqa: E402 - there may be no spaCy
from spacy.training import Example  # noqa: E402

TEXTS = [
    "Ada Lovelace lives in Rio de Janeiro . Acme hired Otto today .",
    "",
    " \n ",
    "Nokia  bought\tAcme Corp. for 12 million .\n\nMei Lin works for Nokia",
    "it rained .",
]


@pytest.fixture
def nlp(tiny_model: Path) -> spacy.Language:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(tiny_model)})
    return pipeline


def found(doc: spacy.tokens.Doc) -> list[tuple[str, str, float]]:
    return [(entity.text, entity.label_, round(entity._.score, 5)) for entity in doc.ents]


def test_the_answers_are_those_of_the_plain_tagger(nlp: spacy.Language, tiny_tagger: ner.Tagger) -> None:
    text = TEXTS[0]
    doc = nlp(text)
    by_sentence = [[doc[i].text for i in range(start, end)] for start, end in ((0, 8), (8, 13))]
    expected = [entity for one in tiny_tagger.tag_tokens(by_sentence) for entity in one.entities]
    assert found(doc) == [(entity.text, entity.label, pytest.approx(entity.score, abs=1e-5)) for entity in expected]
    assert [entity.text for entity in doc.ents] == ["Ada Lovelace", "Rio de Janeiro", "Acme", "Otto"]


def test_in_batches_as_alone(nlp: spacy.Language) -> None:
    alone = [found(nlp(text)) for text in TEXTS]
    assert [found(doc) for doc in nlp.pipe(TEXTS, batch_size=2)] == alone
    assert any(alone) and not all(alone)


def test_white_space_stays_out_of_the_words_and_in_the_text(nlp: spacy.Language) -> None:
    doc = nlp("Otto lives in  New  York .")
    assert [(entity.text, entity.label_) for entity in doc.ents] == [("Otto", "PER"), ("New  York", "LOC")]
    assert all(doc.text[entity.start_char : entity.end_char] == entity.text for entity in doc.ents)


def test_sentences_of_a_component_before_it_are_kept(tiny_model: Path) -> None:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer", config={"punct_chars": ["and"]})
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(tiny_model)})
    doc = pipeline("Ada lives in Oslo and Otto lives in Accra")
    assert [sentence.text for sentence in doc.sents] == ["Ada lives in Oslo and", "Otto lives in Accra"]
    assert len(doc.ents) == 4


def test_to_disk_and_back_in_a_fresh_process(nlp: spacy.Language, tiny_model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    pipeline = spacy.blank("en")
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(copy)})
    pipeline.to_disk(tmp_path / "pipeline")
    shutil.rmtree(copy)  # the pipeline holds all it needs
    script = (
        "import sys, spacy; nlp = spacy.load(sys.argv[1]);"
        "print([(e.text, e.label_, round(e._.score, 5)) for e in nlp(sys.argv[2]).ents])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "pipeline"), TEXTS[0]],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == str(found(nlp(TEXTS[0])))


def test_spacy_starts_without_what_only_the_component_needs() -> None:
    script = (
        "import sys; from ner.integrations import spacy_factory;"
        "import spacy; spacy.blank('en');"
        "print([name for name in ('ner.tagger', 'ner.model', 'torchcrf') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_to_disk_where_it_came_from(nlp: spacy.Language, tmp_path: Path) -> None:
    nlp.to_disk(tmp_path)
    pipeline = spacy.load(tmp_path)
    pipeline.to_disk(tmp_path)
    assert found(spacy.load(tmp_path)(TEXTS[0])) == found(pipeline(TEXTS[0])) == found(nlp(TEXTS[0]))


def test_to_bytes_and_back(nlp: spacy.Language) -> None:
    other = spacy.blank("en")
    other.add_pipe("bilstm_crf_ner")
    other.from_bytes(nlp.to_bytes())
    assert found(other(TEXTS[0])) == found(nlp(TEXTS[0]))
    again = spacy.blank("en")
    again.add_pipe("bilstm_crf_ner")
    again.from_bytes(other.to_bytes())
    assert found(again(TEXTS[0])) == found(nlp(TEXTS[0]))


@pytest.mark.parametrize(
    "files", [b"no", {"../evil": b""}, {"/evil": b""}, {"config.json": 1}, {"..": b""}, {"": b""}, {1: b""}, []]
)
def test_bytes_of_something_else(nlp: spacy.Language, files: object, tmp_path: Path) -> None:
    import srsly

    data = files if isinstance(files, bytes) else srsly.msgpack_dumps(files)
    with pytest.raises(ModelError):
        _ = nlp.get_pipe("bilstm_crf_ner").from_bytes(data).tagger


def test_several_processes(nlp: spacy.Language) -> None:
    assert [found(doc) for doc in nlp.pipe(TEXTS * 3, n_process=2, batch_size=4)] == [
        found(nlp(text)) for text in TEXTS * 3
    ]
    assert found(pickle.loads(pickle.dumps(nlp))(TEXTS[0])) == found(nlp(TEXTS[0]))


@pytest.mark.parametrize("overwrite", [False, True])
def test_entities_that_are_there(tiny_model: Path, overwrite: bool) -> None:
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "RIVER", "pattern": "Rio"}, {"label": "DAY", "pattern": "today"}])
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(tiny_model), "overwrite": overwrite})
    labels = [entity.label_ for entity in pipeline(TEXTS[0]).ents]
    assert labels == (["PER", "LOC", "ORG", "PER"] if overwrite else ["PER", "RIVER", "ORG", "PER", "DAY"])


def test_options(tiny_model: Path, nlp: spacy.Language) -> None:
    pipeline = spacy.blank("en")
    config = {"model": str(tiny_model), "min_score": 0.9999999, "spans_key": "names"}
    pipeline.add_pipe("bilstm_crf_ner", config=config)
    doc = pipeline(TEXTS[0])
    assert len(doc.ents) < len(nlp(TEXTS[0]).ents)
    assert [span.text for span in doc.spans["names"]] == [span.text for span in doc.ents]
    assert doc.spans["names"].attrs["scores"] == [span._.score for span in doc.ents]
    sure = spacy.blank("en")
    sure.add_pipe("bilstm_crf_ner", config={"model": str(tiny_model), "threshold": 0.0001})
    assert len(sure(TEXTS[0]).ents) >= 4


def test_labels_scores_and_saved_documents(nlp: spacy.Language) -> None:
    assert nlp.pipe_labels["bilstm_crf_ner"] == ["LOC", "ORG", "PER"]
    gold = nlp(TEXTS[0])
    assert nlp.evaluate([Example(nlp.make_doc(TEXTS[0]), gold)])["ents_f"] == 1
    packed = DocBin(store_user_data=True, docs=[gold]).to_bytes()
    (again,) = DocBin().from_bytes(packed).get_docs(nlp.vocab)
    assert found(again) == found(gold)
    assert Span.has_extension("score")


def test_what_is_no_model(tiny_model: Path, tmp_path: Path) -> None:
    pipeline = spacy.blank("en")
    pipeline.add_pipe("bilstm_crf_ner")
    with pytest.raises(ModelError, match="bilstm_crf_ner has no model: give config"):
        pipeline("Ada")
    pipeline = spacy.blank("en")
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(tmp_path / "none")})
    with pytest.raises(ModelError, match="no such folder"):
        pipeline("Ada")
    for seed in (1, 2):
        shutil.copytree(tiny_model, tmp_path / "runs" / f"seed{seed}" / "model")
    pipeline = spacy.blank("en")
    pipeline.add_pipe("bilstm_crf_ner", config={"model": str(tmp_path / "runs")})
    with pytest.raises(ModelError, match="holds several runs: name the one"):
        pipeline("Ada")
