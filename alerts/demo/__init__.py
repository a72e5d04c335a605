"""``make demo``: the whole system on one computer, and a story played against it."""
