"""What comes in and goes out, as JSON; what FastAPI checks and describes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ner.serving.jobs import InspectJob, TagJob
from ner.tagging import TagOptions

EXPLAINED = 100_000
"""Characters of which the readings and the probability of every tag may be asked: these fill much memory."""

MOST_READINGS = 20

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class _Strict(BaseModel):
    """A body in which nothing is taken for something else, and nothing is overlooked."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _one_of(**kinds: str) -> ConfigDict:
    """What the validators below demand, said in the description too: exactly one of these keys, and not null."""
    return ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key], "properties": {key: {"type": kind}}} for key, kind in kinds.items()]
        }
    )


class TagRequest(_Strict):
    """What to tag, one of `text`, `texts` and `sentences`, and what is to be told of it."""

    model_config = _one_of(text="string", texts="array", sentences="array")

    text: str | None = Field(None, description="One text.", examples=["Ada Lovelace lived in London."])
    texts: list[str] | None = Field(None, description="Texts, each a document of its own.")
    sentences: list[list[str]] | None = Field(
        None, description="Sentences that are lists of tokens already, each a document of its own in the answer."
    )
    documents: list[int] | None = Field(
        None,
        description="A number for each of the sentences, the same for neighbours in one document: for a model that "
        "reads what stands around a sentence.",
    )
    columns: list[list[list[str]]] | None = Field(
        None,
        description="For each of the sentences a list for each column that the model reads beside the words, with a "
        "value a token.",
    )
    min_score: Probability = Field(0.0, description="Entities of a lower probability are left out.")
    threshold: Probability | None = Field(
        None,
        description="Decode for the score: the entities that do not overlap and whose probabilities exceed this the "
        "most. Without it, as the model is set.",
    )
    n_best: int = Field(0, ge=0, le=MOST_READINGS, description="So many readings of every sentence.")
    probabilities: bool = Field(False, description="Tell the probability of every tag and of every sentence.")

    @model_validator(mode="after")
    def _fits(self) -> TagRequest:
        given = [name for name in ("text", "texts", "sentences") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"expected one of text, texts and sentences, got {' and '.join(given) or 'none'}")
        for name in ("documents", "columns"):
            values = getattr(self, name)
            if values is not None and (self.sentences is None or len(values) != len(self.sentences)):
                raise ValueError(f"{name} go with sentences: expected as many of them")
        job = self.job()
        if job.options.wants_explanations and job.size > EXPLAINED:
            raise ValueError(
                f"n_best and probabilities are told of at most {EXPLAINED:,} characters, got {job.size:,}"
            )
        return self

    def job(self) -> TagJob:
        """The request as the tagger takes it."""
        options = TagOptions(
            min_score=self.min_score,
            threshold=self.threshold,
            n_best=self.n_best,
            probabilities=self.probabilities,
        )
        texts = [self.text] if self.text is not None else self.texts or []
        return TagJob(options, texts, self.sentences or [], self.documents, self.columns)


class InspectRequest(_Strict):
    """One sentence, as `text` or as `tokens`."""

    model_config = _one_of(text="string", tokens="array")

    text: str | None = Field(None, description="A text of one sentence.", examples=["Ada lived in London."])
    tokens: list[str] | None = Field(None, description="The tokens of a sentence.")

    @model_validator(mode="after")
    def _fits(self) -> InspectRequest:
        if (self.text is None) == (self.tokens is None):
            raise ValueError("expected either text or tokens")
        return self

    def job(self) -> InspectJob:
        """The request as the tagger takes it."""
        return InspectJob(self.text if self.text is not None else self.tokens or [])


class Token(BaseModel):
    """A token, by character of its text, the end exclusive."""

    text: str
    start: int
    end: int
    tags: dict[str, float] | None = Field(None, description="With `probabilities`: of every tag from 0.001 on.")


class Place(BaseModel):
    """An entity, by character of its text, the end exclusive."""

    text: str
    label: str
    start: int
    end: int


class Entity(Place):
    """An entity with the model's probability of exactly this entity."""

    score: float


class Reading(BaseModel):
    """One way to read a sentence, and how likely it is."""

    probability: float
    entities: list[Place]


class SentenceBelief(BaseModel):
    """How sure the model is of a sentence."""

    tokens: int = Field(description="So many tokens of the document, one sentence after the other.")
    probability: float = Field(description="Of the best reading.")
    entropy: float = Field(description="Of the distribution over all readings, in nats.")


class Document(BaseModel):
    """A tagged document, as a line of `ner tag --to jsonl`."""

    text: str
    tokens: list[Token]
    entities: list[Entity]
    sentences: list[SentenceBelief] | None = Field(None, description="With `probabilities`.")
    n_best: list[list[Reading]] | None = Field(None, description="With `n_best`: the readings of every sentence.")


class TagResponse(BaseModel):
    """The documents, in the order of what was sent."""

    documents: list[Document]


class Cell(BaseModel):
    """A cell of a heat-map."""

    text: str
    value: float | None
    colour: str
    ink: str


class Row(BaseModel):
    """A row of a heat-map: a cell a token."""

    name: str
    cells: list[Cell]


class Map(BaseModel):
    """Values as coloured cells, and the legend of the colours."""

    title: str
    unit: str
    low: str
    high: str
    stops: list[str]
    rows: list[Row]


class Bar(BaseModel):
    """An entity over the tokens from `start` up to, not including, `end`."""

    label: str
    start: int
    end: int
    colour: str


class PictureResponse(BaseModel):
    """Heat-maps over the tokens of a sentence: gates, states, memory and dependence."""

    title: str
    caption: str
    columns: list[str]
    entities: list[Bar]
    maps: list[Map]


class Label(BaseModel):
    """A label, and its colour on the page."""

    label: str
    colour: str


class ModelResponse(BaseModel):
    """Which model answers, and what it may be asked."""

    labels: list[Label]
    columns: list[str] = Field(description="That the model reads beside the words.")
    inspectable: bool = Field(description="Whether it has gates to look at.")
    sha256: str = Field(description="Of its weights.")
    configuration: str = Field(description="Checksum of the configuration of its training.")
    version: str = Field(description="Of the package that trained it.")
    max_bytes: int = Field(description="Of a request.")
    max_explained: int = Field(description="Characters of which `n_best` and `probabilities` may be asked.")


class Health(BaseModel):
    """The server takes requests."""

    status: str = "ok"


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


class Fault(BaseModel):
    """What is wrong with a request, and where."""

    loc: list[Any]
    msg: str
    type: str


class Faults(BaseModel):
    """All that is wrong with a request."""

    detail: list[Fault]
