"""Exports: what the views answer, as files that other programs read."""
