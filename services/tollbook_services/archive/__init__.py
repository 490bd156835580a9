"""The archive: sealed events as immutable files, so that the engine's memory bounds no history."""
