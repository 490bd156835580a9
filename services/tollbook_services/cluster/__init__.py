"""Engines of several nodes: Redis or Valkey Cluster, and a primary that Sentinels name."""
