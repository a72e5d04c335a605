"""Measurements that fill tables of their own still can: with few people, to see that they end."""

import os
from functools import partial

from bench import counting, imports
from bench.measure import Measurement, run_group, servers


def test_an_audience_is_counted_and_a_file_imported() -> None:
    before = dict(os.environ)
    small = [
        Measurement("counting", "small", partial(counting.opened, people=2_000)),
        Measurement("import", "small", partial(imports.opened, rows=200)),
    ]
    told: list[object] = []
    with servers() as against:
        results = run_group(small, against, 2, lambda _, figures: told.append(figures))
    assert not [one for one in told if isinstance(one, Exception)]
    for name in (counting.SLOWEST_OF_ALL, counting.SILENT_OF_HALF, imports.OURS, imports.COPY):
        assert results.median(name) > 0
    assert dict(os.environ) == before
