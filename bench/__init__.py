"""Every figure that README or a decision quotes, with its peers beside it."""
