"""Rules about the house itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import alerts

ROOT = Path(alerts.__file__).parents[1]
MADE = {ROOT / "docs" / "api" / "calls.md"}  # by `make docs`


def test_rooms_import_downward_only_and_pure_rooms_do_no_io() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter), "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-export.lock", "requirements-dev.lock"])
def test_the_lock_pins_everything_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert pinned
    assert all("==" in line for line in pinned)
    assert text.count("--hash=sha256:") >= len(pinned)
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_every_document_that_is_linked_to_exists() -> None:
    import re

    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            path = (document.parent / target).resolve()
            assert path.exists() or path in MADE, (document.name, target)


def test_every_dependency_has_its_reason() -> None:
    import re
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = (
        project["dependencies"]
        + project["optional-dependencies"]["embedded"]
        + project["optional-dependencies"]["export"]
    )
    reasons = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    names = [re.split(r"[\[<>=~ ]", one)[0] for one in asked]
    assert [name for name in names if not re.search(rf"\b{re.escape(name)}\b", reasons)] == []


def test_migrations_follow_one_another() -> None:
    """Two that were written at the same time and have one number would be found by no conflict of git."""
    import re

    files = sorted((ROOT / "alerts" / "storage" / "migrations" / "versions").glob("[0-9]*.py"))
    found = [re.findall(r'^(?:down_)?revision = (?:"(\d+)"|None)$', one.read_text(), re.M) for one in files]
    numbers = [f"{number:04d}" for number in range(1, len(files) + 1)]
    assert [one.name[:4] for one in files] == numbers
    assert found == [list(pair) for pair in zip(numbers, ["", *numbers], strict=False)]
