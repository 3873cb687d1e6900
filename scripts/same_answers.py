"""Whether the answers for a sentence depend on its company: on batch size, threads, or the stream it comes in.

    python scripts/same_answers.py runs/benchmark/models/ours/model bc5cdr/test.tsv

Held against one call over the whole file in one thread on the processor: the tags of all tokens and the scores of all
entities. With --device cuda and --precision, those of another device or precision are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from ner import Tagger

Answers = list[dict[tuple[str, int, int], float]]
"""For each sentence the score of every entity, by label, first token and token after the last."""


def main(
    model: Annotated[Path, typer.Argument(help="A model folder.")],
    data: Annotated[Path, typer.Argument(help="A corpus file.")],
    threads: Annotated[str, typer.Option(help="Numbers of them.")] = "1,2",
    sizes: Annotated[str, typer.Option(help="Sentences a call.")] = "1,7,64,512",
    limit: Annotated[int | None, typer.Option(help="Sentences.")] = None,
    device: Annotated[str, typer.Option(help="Of what is held against the processor's answers.")] = "cpu",
    precision: Annotated[Literal["fp32", "bf16"], typer.Option()] = "fp32",
) -> None:
    """Print the differences."""
    import ner
    from ner.corpus.read import read
    from ner.threads import set_threads

    sentences = [sentence.tokens for sentence in read(data, tagged=False)][:limit]
    lengths = [len(tokens) for tokens in sentences]
    tagger = ner.load(model)
    set_threads(1)
    expected = alone(tagger, sentences)
    if (device, precision) != ("cpu", "fp32"):
        tagger = ner.load(model, device, precision)
    print(f"{len(lengths):,} sentences, {sum(lengths):,} tokens, {sum(map(len, expected)):,} entities")
    for number in map(int, threads.split(",")):
        set_threads(number)
        for size in map(int, sizes.split(",")):
            found = [one for chunk in chunks(sentences, size) for one in alone(tagger, chunk)]
            print(f"{number} threads, {size} sentences a call: {differences(expected, found, lengths)}", flush=True)
        found = streamed(tagger, sentences)
        print(f"{number} threads, in a stream: {differences(expected, found, lengths)}", flush=True)


def alone(tagger: Tagger, sentences: Sequence[list[str]]) -> Answers:
    """What one call says."""
    return [
        {(label, start, end): score for label, start, end, score in document.spans[0]}
        for document in tagger.tag_tokens(sentences)
    ]


def streamed(tagger: Tagger, sentences: Sequence[list[str]], window: int = 2000) -> Answers:
    """What a file of them gives, in windows of so many tokens; scores are rounded to six digits there."""
    import ner

    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.jsonl", Path(folder) / "out.jsonl"
        source.write_text("".join(json.dumps({"tokens": tokens}) + "\n" for tokens in sentences), encoding="utf-8")
        ner.tag_file(tagger, source, target, window=window)
        records = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    found: Answers = []
    for record in records:
        starts = {token["start"]: number for number, token in enumerate(record["tokens"])}
        ends = {token["end"]: number + 1 for number, token in enumerate(record["tokens"])}
        found.append(
            {(one["label"], starts[one["start"]], ends[one["end"]]): one["score"] for one in record["entities"]}
        )
    return found


def chunks(sentences: Sequence[list[str]], size: int) -> Iterator[Sequence[list[str]]]:
    """So many at a time."""
    for start in range(0, len(sentences), size):
        yield sentences[start : start + size]


def differences(expected: Answers, found: Answers, lengths: Sequence[int]) -> str:
    """How many tags differ, and the largest difference of a score."""
    from ner.schemes import Span, to_tags

    tags, score = 0, 0.0
    for one, other, length in zip(expected, found, lengths, strict=True):
        pair = (to_tags([Span(*span) for span in spans], length, "IOB2") for spans in (one, other))
        tags += sum(left != right for left, right in zip(*pair, strict=True))
        score = max([score, *(abs(one[span] - other[span]) for span in one.keys() & other.keys())])
    return f"{tags} tags differ, scores by at most {score:.1e}"


if __name__ == "__main__":
    typer.run(main)
