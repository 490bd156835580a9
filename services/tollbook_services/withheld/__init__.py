"""What is kept apart of events: their sensitive fields, encrypted, until they are redacted."""
