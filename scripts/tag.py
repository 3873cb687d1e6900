"""The same as ``ner tag``, for those who run scripts."""

import sys

from ner.cli import app

if __name__ == "__main__":
    app(["tag", *sys.argv[1:]])
