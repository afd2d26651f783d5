"""Servers that others would write for the same task, each run as it is meant to be run: `PROGRAM PORT`."""
