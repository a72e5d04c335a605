"""A short run of ``make apart``: machines in network namespaces, two of them cut off in mid-send."""

from __future__ import annotations

import subprocess
import sys

from tests.apart.network import privately, require


def test_a_web_and_a_worker_cut_off_lose_and_double_nothing() -> None:
    require()  # says what is missing, and fails: CI is root and has iproute2
    command = privately([sys.executable, "-m", "tests.apart", "--people", "300", "--away", "35"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "Everybody has exactly one text." in done.stdout
