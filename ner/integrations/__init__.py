"""Other people's worlds, each imported only on use, behind its extra."""
