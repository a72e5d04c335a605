"""PostgreSQL and Redis: the engine, sealed columns, migrations, and the queue of jobs."""
