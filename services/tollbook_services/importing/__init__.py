"""Reads the files of other producers, row by row, into report events."""
