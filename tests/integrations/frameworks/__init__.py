"""Checks that run inside the environment of a framework, see `test_frameworks`."""
