"""The same as ``ner train``, for those who run scripts."""

import sys

from ner.cli import app

if __name__ == "__main__":
    app(["train", *sys.argv[1:]])
