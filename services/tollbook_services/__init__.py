"""The running parts of tollbook: store, intake, projector, command."""
