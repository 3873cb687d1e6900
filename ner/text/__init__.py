"""Raw text to sentences and tokens with character offsets."""
