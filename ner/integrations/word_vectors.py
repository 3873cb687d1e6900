"""Word vectors from raw text, by gensim's fastText or word2vec (extra ``vectors``)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from ner.corpus.atomic import refuse_same, replacing
from ner.corpus.source import lines, several
from ner.errors import DataError, MissingExtraError
from ner.text import Tokenizer, get_tokenizer, segment

Method = Literal["fasttext", "word2vec"]

_PARAGRAPH = 1 << 16  # characters, after which a text without an empty line is cut at the end of a line
_SENTENCE = 10_000  # words, of which gensim takes no more in a line


def learn_vectors(
    texts: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    method: Method = "fasttext",
    dim: int = 100,
    window: int = 5,
    epochs: int = 5,
    min_count: int = 5,
    tokenizer: str = "english",
    seed: int = 1,
    threads: int = 1,
) -> int:
    """Learn a vector for each word of raw text, and write them as word2vec text, which `Config.vectors` takes.

    Skip-gram with 5 negative samples (Mikolov et al. 2013). With fastText (Bojanowski et al. 2017) the vector of a
    word is also made of its pieces of 3 to 6 characters, which helps rare words; words that do not occur
    ``min_count`` times have no row all the same.

    Args:
        texts: files of text, or one of them, plain or gzip; ``-`` is standard input. An empty line ends a paragraph.
        output: the file to write, packed if it ends in ``.gz``.
        method: ``fasttext`` or ``word2vec``.
        dim: size of the vectors.
        window: words before and after, by which a word is learnt.
        epochs: passes over the text.
        min_count: rarer words are left out.
        tokenizer: cuts the text, after which sentences are found; best the ``tagging.tokenizer`` of the model.
        seed: of everything random; the same vectors come out on one thread only.
        threads: that learn side by side.

    Returns:
        The number of words.

    Raises:
        MissingExtraError: gensim is not installed.
        DataError: a text cannot be read, no word occurs often enough, or the output cannot be written.
        NerError: there is no such tokenizer.
    """
    models = _gensim()
    texts = several(texts)
    for path in texts:
        refuse_same(path, output)
    cut = get_tokenizer(tokenizer)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "sentences.txt"
        with corpus.open("w", encoding="utf-8", errors="replace") as file:
            file.writelines(f"{' '.join(sentence)}\n" for path in texts for sentence in _sentences(path, cut))
        kind = models.FastText if method == "fasttext" else models.Word2Vec
        options = {"vector_size": dim, "window": window, "epochs": epochs, "min_count": min_count}
        try:
            model = kind(corpus_file=str(corpus), sg=1, seed=seed, workers=threads, **options)
        except RuntimeError as error:  # "you must first build vocabulary before training the model"
            raise DataError(
                f"no word occurs {min_count} times in {', '.join(str(path) for path in texts)}: {error}.",
                remedy="Give more text, or a lower --min-count.",
            ) from None
    words = model.wv.index_to_key
    with replacing(output) as target:
        target.write(f"{len(words)} {dim}\n")
        for word in words:
            target.write(f"{word} {' '.join(f'{number:.5f}' for number in model.wv[word].tolist())}\n")
    return len(words)


def _gensim() -> Any:
    try:
        import gensim.models
    except ImportError as error:
        raise MissingExtraError("Learning word vectors", "vectors") from error
    return gensim.models


def _sentences(path: str | os.PathLike[str], tokenizer: Tokenizer) -> Iterator[list[str]]:
    """The sentences of a file as tokens without white space, no longer than gensim takes them."""
    for paragraph in _paragraphs(path):
        for offsets in segment(paragraph, tokenizer):
            tokens = ["".join(paragraph[start:end].split()) for start, end in offsets]
            for start in range(0, len(tokens), _SENTENCE):
                yield tokens[start : start + _SENTENCE]


def _paragraphs(path: str | os.PathLike[str]) -> Iterator[str]:
    held: list[str] = []
    size = 0
    for _, line in lines(path if isinstance(path, str) else os.fspath(path)):
        if not line.strip() or size > _PARAGRAPH:
            yield "\n".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    yield "\n".join(held)
