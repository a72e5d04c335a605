"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from alerts.carrier.codes import CODES
from alerts.rates import PRESETS
from alerts.settings import Settings


def test_the_table_of_error_codes_is_the_table_in_the_code() -> None:
    text = Path("docs/error-codes.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (.+) \| (\w+) \|$", text, re.MULTILINE)
    assert [(int(number), meaning, remedy) for number, meaning, remedy in rows] == [
        (number, code.meaning, code.remedy.value) for number, code in CODES.items()
    ]


def test_every_variable_stands_in_the_readme() -> None:
    text = Path("README.md").read_text()
    for name in Settings.model_fields:
        assert f"`{name.upper()}`" in text, name


def test_every_preset_of_a_rate_stands_in_the_documents() -> None:
    text = Path("docs/decisions/pacing.md").read_text()
    for name, rate in PRESETS.items():
        assert f"| `{name}` | {rate:g} |" in text, name
