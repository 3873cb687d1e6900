"""Files and hub names to a datasets.DatasetDict of tokens and tags, and back."""
