"""``ner vectors``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ner.cli.output import show


def vectors(
    texts: Annotated[list[str], typer.Argument(help="Files of raw text; - is standard input.", metavar="TEXT...")],
    output: Annotated[str, typer.Option("--output", "-o", help="The file to write, word2vec text.")],
    method: Annotated[
        Literal["fasttext", "word2vec"], typer.Option(help="fasttext also learns from the letters of a word.")
    ] = "fasttext",
    dim: Annotated[int, typer.Option(min=1, help="Size of the vectors.")] = 100,
    window: Annotated[int, typer.Option(min=1, help="Words before and after that a word is learnt by.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the text.")] = 5,
    min_count: Annotated[int, typer.Option(min=1, help="Leave out words that are rarer.")] = 5,
    tokenizer: Annotated[str, typer.Option(help="Cuts the text; best the model's tagging.tokenizer.")] = "english",
    seed: Annotated[int, typer.Option(help="Of everything random; on one thread the vectors are the same.")] = 1,
    threads: Annotated[int, typer.Option(min=1, help="That learn side by side.")] = 1,
) -> None:
    """Learn word vectors from your own raw text (extra vectors), for the vectors of a configuration.

    Example:
      ner vectors article.txt --output vectors.txt --dim 50 --min-count 1
    """
    from ner.integrations.word_vectors import learn_vectors

    words = learn_vectors(
        texts,
        output,
        method=method,
        dim=dim,
        window=window,
        epochs=epochs,
        min_count=min_count,
        tokenizer=tokenizer,
        seed=seed,
        threads=threads,
    )
    show(f"{words} words, {dim} numbers each: {output}")
