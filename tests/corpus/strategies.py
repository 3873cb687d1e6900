"""Free-form corpora for hypothesis: any characters in the words, and the ones that readers trip over often."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ner.corpus.sentence import Sentence
from ner.schemes import SCHEMES, Span, to_tags

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine nothing is slow

LABELS = ("PER", "LOC", "a-b", "Ä")
TRICKY = (
    "#", "# ", "##", "# newdoc", "# newdoc x", "-DOCSTART-", "-DOCSTART- x", "O", "B-PER", "1", "1-2", "1.1", "_",
    "-", " ", "  ", " a", "a ", "a b", "\u00a0", "a\u00a0b", "\u2028", "\u0085", "\x0c", "\x0b", "\x1c",
    "\x00", "\r", "a\r", "\ra", "\ufeff", "\ufeffa", "\u200d", "\u200c", "e\u0301", "👩‍👩‍👧", "שלום",
    '"', "\\", "{", "", "I" * 300,
)  # fmt: skip
any_text = st.text(st.characters(codec="utf-8"), max_size=8)
words = st.sampled_from(TRICKY) | any_text
plain_words = st.text("abcXYZ019.,'-é", min_size=1, max_size=6)


@st.composite
def spans(draw, length):
    """Spans within a sentence of that length, in order, none overlapping another."""
    found, start = [], 0
    while start < length:
        end = draw(st.integers(start, length))
        if end > start and draw(st.booleans()):
            found.append(Span(draw(st.sampled_from(LABELS)), start, end))
        start = max(end, start + 1)
    return found


@st.composite
def corpora(draw, word=words, columns=(), max_size=5):
    """Sentences in one scheme, in documents numbered from 0, each with the columns named."""
    scheme = draw(st.sampled_from(SCHEMES))
    sentences, document = [], 0
    for _ in range(draw(st.integers(1, max_size))):
        tokens = draw(st.lists(word, min_size=1, max_size=6))
        tags = to_tags(draw(spans(len(tokens))), len(tokens), scheme)
        fields = {name: draw(st.lists(word, min_size=len(tokens), max_size=len(tokens))) for name in columns}
        document += bool(sentences) and draw(st.booleans())
        sentences.append(Sentence(tokens, tags, 0, document, fields))
    return sentences


def content(sentences):
    """All of the sentences but the lines where they stood."""
    return [(one.tokens, one.tags, one.document, one.columns) for one in sentences]
