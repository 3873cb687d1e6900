"""The search for a better configuration: a space of values, trials on dev, a study that processes share."""
