"""Convert corpora to every scheme and format and back, and say whether the same entities come out.

    python scripts/roundtrip.py data/sample/*.conll

Columns, JSONL and JSONL with spans must bring back the same words, spans and documents, columns and JSONL the other
columns too. brat, doccano and Label Studio keep the text alone: there the entities of each document must have the
same labels and characters.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ner import NerError, load_config
from ner.corpus.convert import convert_file
from ner.corpus.read import read
from ner.corpus.sentence import Sentence
from ner.schemes import SCHEMES, detect, illegal, to_spans

SUFFIX = {
    "columns": ".conll",
    "jsonl": ".jsonl",
    "spans": ".jsonl",
    "brat": "",
    "doccano": ".jsonl",
    "label-studio": ".json",
}


def with_columns(sentences: Sequence[Sentence]) -> list[object]:
    """What columns and JSONL must keep."""
    return [(one.tokens, to_spans(one.tags or ()), one.document, one.columns) for one in sentences]


def with_tokens(sentences: Sequence[Sentence]) -> list[object]:
    """What JSONL with spans must keep."""
    return [(one.tokens, to_spans(one.tags or ()), one.document) for one in sentences]


def with_text(sentences: Sequence[Sentence]) -> list[object]:
    """What formats of texts must keep: the entities of each document, white space aside."""
    return [
        (one.document, label, "".join("".join(one.tokens[start:end]).split()))
        for one in sentences
        for label, start, end in to_spans(one.tags or ())
    ]


KEEPS: dict[str, Callable[[Sequence[Sentence]], list[object]]] = {
    "columns": with_columns,
    "jsonl": with_columns,
    "spans": with_tokens,
    "brat": with_text,
    "doccano": with_text,
    "label-studio": with_text,
}


def round_trip(source: Path, there: Path, format: str, scheme: str | None, folder: Path) -> bool:
    """Whether a corpus is the same after it was converted and read, and after it was converted back."""
    before = list(read(source))
    own = detect(one.tags or () for one in before)
    back = folder / "back.conll"
    options = load_config(
        {"data": {"tokenizer": "whitespace", "format": "doccano" if format == "doccano" else "auto"}}
    )
    convert_file(source, there, format=format, scheme=scheme)
    after = list(read(there, options.data))
    if scheme is not None and any(illegal(one.tags or (), scheme) for one in after):
        return False
    convert_file(there, back, data=options.data, scheme=own)
    keeps = KEEPS[format]
    again = list(read(back))
    return keeps(before) == keeps(after) == keeps(again)


def main(paths: Sequence[str]) -> int:
    """Print a row a file: for each format the schemes that bring back the same entities."""
    print(f"{'file':40}{'sentences':>10}{'entities':>10}  " + "".join(f"{format:9}" for format in SUFFIX).rstrip())
    failures = 0
    for path in map(Path, paths):
        sentences = list(read(path))
        entities = sum(len(to_spans(one.tags or ())) for one in sentences)
        cells = []
        for format in SUFFIX:
            schemes: Sequence[str | None] = SCHEMES if format in ("columns", "jsonl") else (None,)
            same = 0
            for scheme in schemes:
                with tempfile.TemporaryDirectory() as name:
                    folder = Path(name)
                    try:
                        same += round_trip(path, folder / f"there{SUFFIX[format]}", format, scheme, folder)
                    except NerError as error:
                        print(f"{format} {scheme or ''}: {error}", file=sys.stderr)
            failures += len(schemes) - same
            cells.append(f"{same}/{len(schemes)}")
        shown = str(path) if len(str(path)) < 40 else f"…{str(path)[-38:]}"
        print(f"{shown:40}{len(sentences):10,}{entities:10,}  " + "".join(f"{cell:9}" for cell in cells).rstrip())
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
