"""Consolidation: from admitted figures to tolls, as one pure function (R1-R18)."""
