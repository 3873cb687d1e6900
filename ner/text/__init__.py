"""Raw text to sentences and tokens with character offsets.

Offsets are indices of a Python string, end exclusive: ``text[start:end]`` is the token, never a rewritten form of it.
White space is what ``str.isspace`` says it is (NBSP and U+2028 included), and it only ever separates tokens; every
other character belongs to exactly one token. Nothing heavy is imported here.
"""

from __future__ import annotations

from ner.text.sentences import segment
from ner.text.tokenizers import DEFAULT_TOKENIZER, TOKENIZERS, GivenTokens, Tokenizer, get_tokenizer

__all__ = ["DEFAULT_TOKENIZER", "TOKENIZERS", "GivenTokens", "Tokenizer", "get_tokenizer", "segment"]
