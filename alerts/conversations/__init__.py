"""A worker's text: what it means, what it changes, what is answered."""
