"""All that ``make bench`` measures. Rounds of the same group are interleaved; groups follow one another."""

from __future__ import annotations

from functools import partial

from bench import console, counting, imports, inbound, ours
from bench.measure import Measurement
from bench.peers import aiohttp_loop, bare_sockets, celery_prefork, rq_job_a_text

MEASUREMENTS = [
    Measurement("peers-bare-sockets", "sending", bare_sockets.opened),
    Measurement("peers-aiohttp", "sending", aiohttp_loop.opened),
    Measurement("ours-1-worker", "sending", partial(ours.end_to_end, workers=1)),
    Measurement("ours-not-sealed", "sending", ours.without_sealing),
    Measurement("ours-no-records", "sending", ours.without_records),
    Measurement("ours-2-workers", "sending", partial(ours.end_to_end, workers=2)),
    Measurement("ours-one-core", "sending", ours.one_core),
    Measurement("peers-celery", "sending", celery_prefork.opened),
    Measurement("peers-rq", "sending", rq_job_a_text.opened),
    Measurement("ours-slow-carrier", "slow carrier", ours.slow_carrier),
    Measurement("ours-alert-size", "alert size", ours.alert_size),
    Measurement("ours-audience", "audience", ours.audience),
    Measurement("ours-counting", "counting", counting.opened),
    Measurement("ours-console", "console", console.opened),
    Measurement("ours-import", "import", imports.opened),
    Measurement("ours-first-text", "first text", ours.first_text),
    Measurement("ours-pace", "pace", ours.pace),
    Measurement("ours-callbacks", "callbacks", ours.callbacks),
    Measurement("ours-inbound", "inbound", inbound.opened),
]
