"""Expand, then contract: a migration runs while people are texted (docs/decisions/migrations.md).

Each migration is run on an empty database, and PostgreSQL itself says what it is asked to do: no reading
of the migrations' source that a helper function could hide from.
"""

from __future__ import annotations

import re

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from alerts.storage.embedded import embedded_postgres
from alerts.storage.migrate import MIGRATIONS, upgrade

REVISIONS = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
# Grow with every text, or with every person.
BIG = "deliveries|subscribers|memberships|consent_events|replies|messages|rsvps"
FORBIDDEN = {
    "an index of a big table without CONCURRENTLY": (
        rf"CREATE (?:UNIQUE )?INDEX (?!CONCURRENTLY).* ON (?:{BIG})\b"
    ),
    "SET NOT NULL on a big table": rf"ALTER TABLE (?:{BIG}) .*SET NOT NULL",
    "a constraint on a big table that is not NOT VALID": (
        rf"ALTER TABLE (?:{BIG}) ADD CONSTRAINT (?!.*NOT VALID)"
    ),
    "another type of a column of a big table": rf"ALTER TABLE (?:{BIG}) ALTER COLUMN \S+ TYPE",
    "every row of a big table changed in the migration": rf"^UPDATE (?:{BIG})\b",
    "a column dropped that the release before reads": r"ALTER TABLE \S+ DROP COLUMN",
    "a table or column renamed": r"ALTER TABLE \S+ (?:RENAME|.* RENAME)",
    "a table dropped": r"DROP TABLE",
}
# Nobody texts anybody before the first release, 0.1.0: these ran on empty databases. Never raised after it;
# what is newer keeps the rules, or stands in WITH_REASON.
LAST_BEFORE_THE_FIRST_RELEASE = "0017"
WITH_REASON = {  # revision: {rule: why it is harmless there}
    "0020": {
        "every row of a big table changed in the migration": (
            "Answers of a person are numbers thirty days after the action: those of some weeks are here, and "
            "a changed answer to one of them waits about a second for 100,000."
        )
    }
}


@pytest.fixture(scope="module")
def asked() -> dict[str, list[str]]:
    """By revision, every statement that its upgrade ran."""
    found: dict[str, list[str]] = {}
    with embedded_postgres(forgetful=True) as url:
        statements: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_more: object) -> None:
            statements.append(" ".join(statement.split()))

        event.listen(Engine, "before_cursor_execute", note)
        try:
            for revision in REVISIONS:
                statements.clear()
                upgrade(url.replace("postgresql://", "postgresql+psycopg://"), revision)
                found[revision] = list(statements)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    return found


def broken_rules(statements: list[str]) -> set[str]:
    """The names of the rules in FORBIDDEN that one of them breaks."""
    made = {match[1] for one in statements if (match := re.match(r"CREATE TABLE (\w+)", one))}
    return {
        name
        for name, pattern in FORBIDDEN.items()
        for one in statements
        if re.search(pattern, one) and not any(re.search(rf"\b{table}\b", one) for table in made)
    }


def test_a_migration_stops_nobody_for_long(asked: dict[str, list[str]]) -> None:
    newer = [one for one in REVISIONS if one > LAST_BEFORE_THE_FIRST_RELEASE]
    found = {one: broken_rules(asked[one]) for one in newer}
    assert {one: rules for one, rules in found.items() if rules} == {
        one: set(rules) for one, rules in WITH_REASON.items()
    }


def test_the_rules_find_what_the_first_migrations_did(asked: dict[str, list[str]]) -> None:
    """They are not blind."""
    old = [broken_rules(asked[one]) for one in REVISIONS if one <= LAST_BEFORE_THE_FIRST_RELEASE]
    assert len(set().union(*old)) >= 4, old


def test_a_migration_that_cannot_have_its_lock_gives_up(asked: dict[str, list[str]]) -> None:
    """Behind one that waits, every text would wait, too."""
    for statements in asked.values():
        assert any("lock_timeout" in one for one in statements)


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX some_idx ON deliveries (code)", "an index of a big table without CONCURRENTLY"),
        ("CREATE INDEX CONCURRENTLY some_idx ON deliveries (code)", None),
        ("CREATE INDEX some_idx ON lists (name)", None),
        ("ALTER TABLE replies ALTER COLUMN body SET NOT NULL", "SET NOT NULL on a big table"),
        ("ALTER TABLE lists ADD COLUMN color TEXT", None),
        ("ALTER TABLE lists DROP COLUMN color", "a column dropped that the release before reads"),
        ("ALTER TABLE lists RENAME color TO colour", "a table or column renamed"),
        ("UPDATE deliveries SET code = 1", "every row of a big table changed in the migration"),
    ],
)
def test_the_rules(statement: str, rule: str | None) -> None:
    assert broken_rules([statement]) == ({rule} if rule else set())
