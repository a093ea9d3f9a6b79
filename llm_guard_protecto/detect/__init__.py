"""Finding what must be masked: rules for what has a shape, a tagger for names and places."""
