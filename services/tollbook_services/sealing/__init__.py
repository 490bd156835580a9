"""Sealing: a signed Merkle tree over each partition, and the files in which auditors read it."""
