"""Scores on spans and tags; never sees a tensor."""
