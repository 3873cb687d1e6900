"""Tokens to tensors: vocabularies, pretrained vectors, word features, batches."""
