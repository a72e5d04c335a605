"""Pure: what a worker's text means."""
