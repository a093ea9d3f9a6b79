"""The recipe that makes the shipped weights of the tagger (extra `train`)."""
