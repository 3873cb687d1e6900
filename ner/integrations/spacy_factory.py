"""Where spaCy finds the component: it imports this module whenever it starts, so that it must need nothing heavy.

>>> nlp = spacy.blank("en")  # doctest: +SKIP
>>> nlp.add_pipe("bilstm_crf_ner", config={"model": "runs/quickstart/model"})  # doctest: +SKIP
>>> nlp("Ada Lovelace lived in London.").ents  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spacy.language import Language

if TYPE_CHECKING:
    from ner.integrations.spacy_component import EntityTagger


@Language.factory(
    "bilstm_crf_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={"model": None, "threshold": None, "min_score": 0.0, "overwrite": False, "spans_key": None},
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make(
    nlp: Language,
    name: str,
    model: str | None,
    threshold: float | None,
    min_score: float,
    overwrite: bool,
    spans_key: str | None,
) -> EntityTagger:
    """What ``nlp.add_pipe("bilstm_crf_ner", config=...)`` calls; for the arguments see `EntityTagger`."""
    from ner.integrations.spacy_component import EntityTagger

    return EntityTagger(name, model, threshold, min_score, overwrite, spans_key)
