"""Free-form corpora of tags, legal and illegal, for hypothesis."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ner.schemes import SCHEMES, Span, inventory, to_tags

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine nothing is slow

schemes = st.sampled_from(SCHEMES)
LABELS = ("PER", "LOC", "a-b", "C-")


@st.composite
def free_pairs(draw):
    """(gold, predicted, scheme): any tags of the scheme in any order."""
    scheme = draw(schemes)
    tag = st.sampled_from(inventory(LABELS[: draw(st.integers(1, len(LABELS)))], scheme))
    return (*draw(_pairs(lambda length: st.lists(tag, min_size=length, max_size=length))), scheme)


@st.composite
def legal_pairs(draw):
    """(gold, predicted, scheme): tags as the scheme writes spans."""
    scheme = draw(schemes)
    return (*draw(_pairs(lambda length: spans(length).map(lambda found: to_tags(found, length, scheme)))), scheme)


@st.composite
def _pairs(draw, sentence):
    lengths = draw(st.lists(st.integers(0, 8), max_size=5))
    return tuple([draw(sentence(length)) for length in lengths] for _ in range(2))


@st.composite
def spans(draw, length):
    """Spans within a sentence of the length, touching or not, none overlapping, in order."""
    found, start = [], 0
    while start < length:
        if draw(st.booleans()):
            end = draw(st.integers(start + 1, length))
            found.append(Span(draw(st.sampled_from(LABELS)), start, end))
            start = end
        else:
            start += 1
    return found
