"""Transparency log formats: Merkle trees, tiles, notes, checkpoints and proofs (RFC 6962, C2SP)."""
