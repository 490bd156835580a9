"""The contract of tollbook: events, figures, areas, views and errors."""
