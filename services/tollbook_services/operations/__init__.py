"""What operators look at: health, metrics, correlation of logs."""
