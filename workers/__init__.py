"""RQ: the worker process, its jobs, and the clock."""
