"""The live feed: one reader of the change feed for each process, and many readers of it."""
