"""``python -m ner``: the same as the program ``ner``."""

from ner.cli import main

if __name__ == "__main__":
    main()
