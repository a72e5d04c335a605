"""Migration 0031: whom a statement moves, of one person or of a whole import, is looked up at once."""

from __future__ import annotations

import psycopg
import pytest

from alerts.storage.migrate import upgrade
from tests.storage.test_every_revision import driver, new_database, server

__all__ = ["server"]
PEOPLE = 3_000
PERSON = """
    INSERT INTO subscribers (phone, language, standing)
    SELECT int4send(n), 'so', 'active' FROM generate_series(%s::int, %s::int) n
"""
JOIN = "INSERT INTO memberships (list_id, subscriber_id) SELECT {list}, id FROM subscribers WHERE id > 1"


@pytest.fixture
def url(server: str) -> str:
    made = new_database(server)
    upgrade(driver(made))
    with psycopg.connect(made, autocommit=True) as connection:
        connection.execute("INSERT INTO lists (name, timezone) VALUES ('Line 1', 'UTC'), ('Line 2', 'UTC')")
        connection.execute(PERSON, [1, 1])
    return made


@pytest.mark.parametrize("analysed", [True, False], ids=["analysed meanwhile", "planned for one person"])
def test_an_import_of_which_statistics_know_nothing_is_not_joined_one_by_one(
    url: str, analysed: bool
) -> None:
    """100,000 people took minutes: each was held against each of the others."""
    plans: list[str] = []
    with psycopg.connect(url) as ours, psycopg.connect(url, autocommit=True) as other:
        # The plan is made for one person, and kept until somebody analyses.
        ours.execute("INSERT INTO memberships (list_id, subscriber_id) SELECT 1, id FROM subscribers")
        ours.execute("DELETE FROM memberships")
        ours.execute(PERSON, [2, PEOPLE])
        if analysed:
            other.execute("ANALYZE subscribers, memberships")
        ours.add_notice_handler(lambda said: plans.append(said.message_primary or ""))
        ours.execute("LOAD 'auto_explain'")
        for setting in ("log_min_duration = 0", "log_nested_statements = on", "log_level = notice"):
            ours.execute(f"SET auto_explain.{setting}")
        ours.execute(JOIN.format(list=1))
        ours.execute(JOIN.format(list=2))
        assert _lists(ours) == {(1, 2)}
        ours.execute("DELETE FROM memberships WHERE list_id = 1")
        assert _lists(ours) == {(2,)}
    kept = [plan for plan in plans if "Update on subscribers" in plan]
    assert len(kept) == 3
    for plan in kept:
        assert "Nested Loop" not in plan, plan
        assert "Seq Scan" not in plan, plan


def _lists(connection: psycopg.Connection) -> set[tuple[int, ...]]:
    return {tuple(lists) for (lists,) in connection.execute("SELECT lists FROM subscribers WHERE id > 1")}
