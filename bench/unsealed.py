"""``python -m bench.unsealed``: our worker, to which every number is known without being opened.

What it is faster by is what sealing costs. Never part of a deployment.
"""

from __future__ import annotations

from alerts.settings import parse_sealing_keys, settings
from alerts.storage.sealing import Sealer
from bench.house import number_of
from bench.ours import TEXTS
from workers import worker


def main() -> None:
    """The worker."""
    sealer = Sealer(parse_sealing_keys(settings().sealing_keys.get_secret_value()))
    known = {sealer.seal_findable("subscribers.phone", number_of(n)): number_of(n) for n in range(TEXTS)}
    Sealer.open_findable = lambda _self, _column, sealed: known[sealed]  # type: ignore[assignment,method-assign]
    worker.main()


if __name__ == "__main__":
    main()
