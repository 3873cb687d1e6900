"""The error report as one HTML page that needs nothing but itself: no script, no font, no other file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from ner.corpus.atomic import replacing_bytes
from ner.evaluation.errors import ABSENT, Breakdown, ErrorReport, reads
from ner.evaluation.matching import ERRORS, Kind
from ner.evaluation.tables import percent
from ner.html import HEAD, colour
from ner.schemes import Span

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --wrong: #d3302f; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
.note { opacity: .7; margin: 0 0 1rem; }
.tables { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .55rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, .text { text-align: left; } thead th { opacity: .7; font-weight: 600; }
.hit { background: color-mix(in srgb, #1a7f4b calc(var(--share) * 70%), transparent); }
.miss { background: color-mix(in srgb, var(--wrong) calc(var(--share) * 70%), transparent); }
.filter { position: absolute; opacity: 0; }
.filters { position: sticky; top: 0; padding: .6rem 0; background: Canvas; z-index: 1; }
.filters label { display: inline-block; padding: .15rem .8rem; margin: .1rem; border: 1px solid var(--line);
  border-radius: 1rem; cursor: pointer; }
article { border: 1px solid var(--line); border-radius: .6rem; margin: .8rem 0; padding: .3rem 1rem .7rem; }
article h3 { font-size: .85rem; font-weight: 600; margin: .3rem 0; }
article h3 small { opacity: .7; font-weight: 400; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: .2rem 2rem; }
@media (max-width: 50rem) { .sides { grid-template-columns: 1fr; } }
.sides p { margin: 0; line-height: 2; overflow-wrap: anywhere; }
.sides p::before { content: attr(data-side); display: block; font-size: .7rem; line-height: 1.2; opacity: .6;
  text-transform: uppercase; letter-spacing: .06em; }
mark { color: #111; border-radius: .3rem; padding: .1rem .3rem;
  box-decoration-break: clone; -webkit-box-decoration-break: clone; }
mark small { font-size: .68rem; font-weight: 700; margin-inline-start: .35rem; opacity: .8; unicode-bidi: isolate; }
mark.wrong { outline: 2px solid var(--wrong); } mark.missed, mark.spurious { outline-style: dashed; }
"""


# Radio buttons and sibling rules show the sentences of one kind without any script.
_FILTER_STYLE = "".join(
    f"#show-{kind}:checked ~ main article:not(.{kind}) {{ display: none; }}\n" for kind in ERRORS
) + "".join(
    f"#show-{kind}:checked ~ nav label[for=show-{kind}] {{ background: Highlight; color: HighlightText; }}\n"
    f"#show-{kind}:focus-visible ~ nav label[for=show-{kind}] {{ outline: 2px solid; }}\n"
    for kind in ("all", *ERRORS)
)


def page(report: ErrorReport, title: str, limit: int = 1000) -> str:
    """The report as HTML: the tables, and every sentence with an error, gold and prediction side by side.

    Any text is safe in it: all is escaped, and the page forbids itself to run or load anything.

    Args:
        report: what `ner.evaluation.errors.analyse` found.
        title: the headline; plain text.
        limit: at most so many sentences; the page says how many there are.
    """
    tables = [_breakdown("label", report.by_type()), _breakdown("tokens", report.by_length())]
    if report.training is not None:
        tables.append(_breakdown("in training", report.by_novelty()))
    return (
        f"{HEAD}<title>{escape(title)}</title>\n<style>{_STYLE}{_FILTER_STYLE}</style>\n</head>\n<body>\n"
        f'<h1>{escape(title)}</h1>\n<p class="note">{escape(report.summary())}</p>\n'
        f'<div class="tables">{"".join(tables)}</div>\n'
        f'<h2>Gold label (rows) by predicted label</h2>\n<div class="scroll">{_confusion(report)}</div>\n'
        f'<h2>Most frequent errors</h2>\n<div class="scroll">{_frequent(report)}</div>\n'
        f"<h2>Sentences with errors</h2>\n{_sentences(report, limit)}"
        "</body>\n</html>\n"
    )


def write_page(report: ErrorReport, path: str | os.PathLike[str], title: str, limit: int = 1000) -> Path:
    """Write `page` to a file, whole or not at all, and return its path.

    Lone surrogates, which UTF-8 does not have, are written as escapes.

    Raises:
        DataError: the file cannot be written.
    """
    with replacing_bytes(path) as stream:
        stream.write(page(report, title, limit).encode(errors="backslashreplace"))
    return Path(path)


def _breakdown(name: str, breakdown: Breakdown) -> str:
    rows = []
    for key, counts in breakdown.items():
        gold = counts.total() - counts["spurious"]
        cells = (
            str(gold),
            percent(counts["correct"] / gold) if gold else ABSENT,
            *(str(counts[kind]) for kind in ERRORS),
        )
        rows.append(f"<tr><th>{escape(key)}</th>{_cells(cells)}</tr>")
    return _table((name, "gold", "found", *ERRORS), rows)


def _confusion(report: ErrorReport) -> str:
    matrix = report.confusion()
    rows = []
    for label, counts in matrix.items():
        total = max(1, sum(counts.values()))
        looks = ((count, count / total, "hit" if other == label else "miss") for other, count in counts.items())
        cells = "".join(
            f'<td class="{look}" style="--share:{share:.3f}">{count or ""}</td>' for count, share, look in looks
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}</tr>")
    return _table(("", *matrix), rows)


def _frequent(report: ErrorReport) -> str:
    rows = []
    for error in report.frequent():
        texts = (ERRORS[error.kind], reads(error.gold), reads(error.predicted), report.example(error))
        cells = "".join(f'<td class="text" dir="auto">{escape(text)}</td>' for text in texts)
        rows.append(f"<tr><th>{error.count}</th>{cells}</tr>")
    return _table(("times", "error", "gold", "predicted", "for example"), rows, ' class="text"')


def _table(header: Sequence[str], rows: Iterable[str], attribute: str = "") -> str:
    head = "".join(f"<th{attribute}>{escape(name)}</th>" for name in header)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"<td>{text}</td>" for text in texts)


def _sentences(report: ErrorReport, limit: int) -> str:
    wrong = [
        number for number, matches in enumerate(report.matches) if any(match.kind != "correct" for match in matches)
    ]
    counts = report.counts()
    names: dict[str, str] = {"all": "all", **{kind: f"{name} {counts[kind]}" for kind, name in ERRORS.items()}}
    note = "" if len(wrong) <= limit else f'<p class="note">The first {limit} of {len(wrong)} are shown.</p>\n'
    inputs = "".join(
        f'<input class="filter" type="radio" name="kind" id="show-{kind}"{" checked" if kind == "all" else ""}>'
        for kind in names
    )
    filters = "".join(f'<label for="show-{kind}">{text}</label>' for kind, text in names.items())
    articles = "".join(_sentence(report, number) for number in wrong[:limit])
    return f'{note}{inputs}<nav class="filters">{filters}</nav>\n<main>\n{articles}</main>\n'


def _sentence(report: ErrorReport, number: int) -> str:
    words, matches = report.tokens[number], report.matches[number]
    kinds = [kind for kind in ERRORS if any(match.kind == kind for match in matches)]
    gold = [(match.gold, match.kind) for match in matches if match.gold]
    predicted = [(match.predicted, match.kind) for match in matches if match.predicted]
    return (
        f'<article class="{" ".join(kinds)}">'
        f"<h3>{escape(report.place(number))} <small>{', '.join(ERRORS[kind] for kind in kinds)}</small></h3>"
        f'<div class="sides"><p dir="auto" data-side="gold">{_marked(words, gold)}</p>'
        f'<p dir="auto" data-side="predicted">{_marked(words, predicted)}</p></div></article>\n'
    )


def _marked(words: Sequence[str], spans: Iterable[tuple[Span, Kind]]) -> str:
    """The sentence with its entities marked: the label's colour, and a frame where something is wrong."""
    parts: list[str] = []
    position = 0
    for span, kind in sorted(spans, key=lambda pair: pair[0].start):
        parts += map(escape, words[position : span.start])
        looks, tip = ("", "correct") if kind == "correct" else (f"wrong {kind}", ERRORS[kind])
        parts.append(
            f'<mark dir="auto" class="{looks}" style="background:{colour(span.label)}" title="{tip}">'
            f"{escape(' '.join(words[span.start : span.end]))}<small>{escape(span.label)}</small></mark>"
        )
        position = span.end
    return " ".join((*parts, *map(escape, words[position:])))
