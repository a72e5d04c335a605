"""Measurements that fill tables of their own still can: with few people, to see that they end."""

import os
from functools import partial

from bench import console, counting, imports
from bench.measure import Measurement, run_group, servers


def test_an_audience_is_counted_pages_are_opened_and_a_file_is_imported() -> None:
    before = dict(os.environ)
    small = [
        Measurement("counting", "small", partial(counting.opened, people=2_000)),
        Measurement("console", "small", partial(console.opened, people=300, looks=3)),
        Measurement("import", "small", partial(imports.opened, rows=200)),
    ]
    told: list[object] = []
    with servers() as against:
        results = run_group(small, against, 2, lambda _, figures: told.append(figures))
    assert not [one for one in told if isinstance(one, Exception)]
    for name in (
        counting.SLOWEST_OF_ALL,
        console.SLOWEST,
        counting.SILENT_OF_HALF,
        imports.OURS,
        imports.COPY,
    ):
        assert results.median(name) > 0
    assert dict(os.environ) == before
