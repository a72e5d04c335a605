"""What keeps the work in order is itself in order: make, hooks, version, changelog, CI."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

import alerts
from alerts.main import app

ROOT = Path(alerts.__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def targets() -> set[str]:
    """Everything that make can be asked for."""
    [phony] = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return set(phony.split())


def asked_of_make(text: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z]+)\b", text))


def test_make_help_lists_everything() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^make (\w+) +\w", done.stdout, re.MULTILINE)) == targets()


def test_every_make_command_that_a_document_names_exists() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    named = {one for document in documents for one in re.findall(r"`make ([a-z]+)", document.read_text())}
    assert named
    assert named <= targets()


def test_the_hooks_check_what_ci_checks_and_fetch_nothing() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [one["repo"] for one in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert all(hook["language"] == "system" for hook in hooks)
    entries = {one for hook in hooks for one in asked_of_make(hook["entry"])}
    assert asked_of_make((ROOT / ".ci" / "run").read_text()) <= entries <= targets()


def test_the_version_is_written_once_and_semantic() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert alerts.__version__ == app.version == VERSION
    told = subprocess.run(
        [sys.executable, "-m", "alerts.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == VERSION
    code = [*(ROOT / "alerts").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]
    assert [path.name for path in code if f'"{VERSION}"' in path.read_text()] == []


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    heads = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert heads[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", head) for head in heads[1:])
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= kinds
