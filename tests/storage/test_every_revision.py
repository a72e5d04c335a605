"""A database with data, at every revision that ever was, comes to the newest one whole, and is read there.

The rows below are put into the schema as it was at each revision: tables and columns that it does not
have yet, or no longer, are left out, and what is sealed today is sealed only where the column was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

import alerts.main  # noqa: F401 - every table is known
from alerts.actions.models import Action
from alerts.broadcasts.models import Alert, Delivery
from alerts.broadcasts.states import DeliveryState
from alerts.conversations.models import Reply
from alerts.storage.embedded import embedded_postgres
from alerts.storage.migrate import MIGRATIONS, upgrade
from alerts.storage.sealing import sealer
from alerts.storage.tables import Table
from alerts.subscribers.models import Subscriber

REVISIONS = sorted(script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions())
NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
WORDS = {"en": "Rally on Friday.", "es": "Mitin el viernes.", "so": "Isu soo bax Jimcaha."}
PHONES = [f"+190955501{number:02}" for number in range(10, 21)]
PEOPLE = range(1, len(PHONES) + 1)
LANGUAGES = ("en", "es", "so")
# Made by the migrations and triggers themselves from the other rows.
OF_THEMSELVES = {"progress", "audit_chain", "list_days", "census"}

Row = dict[str, Any]
Schema = dict[str, dict[str, str]]
ROWS: dict[str, list[Row]] = {
    "lists": [
        {"id": 1, "name": "Shakopee", "timezone": "America/Chicago", "opens": None},
        {"id": 2, "name": "Nights", "timezone": "America/Chicago", "opens": "20:00", "closes": "06:00"},
    ],
    "join_words": [
        {"key": one, "word": one, "list_id": 1, "language": language}
        for one, language in (("join", "en"), ("unete", "es"), ("ku biir", "so"))
    ],
    "subscribers": [
        {
            "id": key,
            "phone": PHONES[key - 1],
            "language": LANGUAGES[key % 3],
            "standing": ("active", "active", "active", "pending", "left", "unreachable")[key % 6],
            "tags": ["steward"] if key == 1 else [],
        }
        for key in PEOPLE
    ],
    "memberships": [{"list_id": 1 + key % 2, "subscriber_id": key} for key in PEOPLE],
    "consent_events": [
        {"subscriber_id": key, "list_id": 1 + key % 2, "kind": "joined", "channel": "text"}
        | {
            "language": LANGUAGES[key % 3],
            "words": "JOIN",
            "source": f"SM{key:032x}",
            "origin": "sheet",
            "at": NOON,
        }
        for key in PEOPLE
    ],
    "actions": [
        {"id": 1, "kind": "rally", "starts_at": NOON, "ends_at": NOON.replace(hour=14)}
        | {"timezone": "America/Chicago", "place": "The gate", "title": WORDS, "details": WORDS}
    ],
    "api_keys": [
        {"id": 1, "name": "a laptop", "digest": b"1" * 32, "may_read_numbers": False, "scopes": ["read"]},
        {"id": 2, "name": "another", "digest": b"2" * 32, "may_read_numbers": True, "scopes": ["numbers"]},
    ],
    "organizers": [
        {"id": 3, "email": "ana@example.org", "name": "Ana", "phone": PHONES[0], "role": "admin"}
        | {"password": "a digest", "totp": "ABCD"}
    ],
    "alerts": [
        {"id": 1, "state": "sending", "action_id": 1, "bodies": WORDS, "prepared_at": NOON}
        | {"audience": {"lists": [1]}, "text": WORDS, "asks_rsvp": True, "urgent": True},
        {"id": 2, "state": "draft"}
        | {"audience": {"languages": ["so"]}, "text": WORDS, "asks_rsvp": False, "urgent": False},
        {"id": 3, "state": "scheduled", "send_at": NOON, "due_at": NOON}
        | {"audience": {"lists": [2]}, "text": WORDS, "asks_rsvp": False, "urgent": False},
    ],
    "deliveries": [
        {"alert_id": 1, "subscriber_id": key, "language": LANGUAGES[key % 3], "state": state.value}
        | {"sender": "+19095550100", "attempts": 0 if state is DeliveryState.WAITING else 1, "list_id": 1}
        | {"message_sid": None if state is DeliveryState.WAITING else f"SM{key:032x}"}
        for key, state in enumerate(DeliveryState, start=1)
    ],
    "replies": [
        {"message_sid": f"SM{100 + key:032x}", "subscriber_id": key, "phone": PHONES[key - 1]}
        | {"body": "si, voy", "media": 0, "intent": "rsvp", "answer": "Gracias."}
        for key in (1, 2)
    ],
    "rsvps": [
        {"action_id": 1, "subscriber_id": key, "answer": answer, "guests": 2, "language": "es"}
        for key, answer in ((1, "yes"), (2, "no"), (3, "maybe"))
    ],
    "forgotten": [{"digest": b"3" * 32}],
    "invitations": [{"list_id": 1, "subscriber_id": 4}],
    "threads": [
        {
            "subscriber_id": 1,
            "state": "open",
            "language": "es",
            "unread": 1,
            "taken_by": "Ana",
            "keeper": "Ana",
        }
    ],
    "messages": [
        {"subscriber_id": 1, "alert_id": 1, "author": "Ana", "signed": "Ana", "body": "See you there."}
    ],
    "canned_answers": [{"name": "where", "text": WORDS}],
    "idempotency": [
        {"api_key_id": 1, "key": "k", "request": b"4" * 32, "asked": "4" * 64, "status": 200, "answer": "{}"}
    ],
    "audit": [
        {"api_key_id": 1, "actor_id": 1, "who": "a laptop", "what": "sent", "noun": "alert", "number": 1}
        | {"facts": {"people": 10}}
    ],
    "imports": [
        {"id": 1, "by": 1, "columns": {"phone": 0}, "day_first": False, "lists": [1], "rows": 2}
        | {"state": "done", "source": "sheet", "origin": "sheet"}
    ],
    "import_chunks": [{"import_id": 1, "number": 1, "sealed": b"5" * 40}],
    "import_refusals": [{"import_id": 1, "line": 2, "reason": "no number", "sealed": b"6" * 40}],
    "import_tags": [{"import_id": 1, "subscriber_id": 1, "tags": ["steward"]}],
    "import_again": [{"list_id": 2, "subscriber_id": 1, "import_id": 1}],
    "templates": [{"id": 1, "name": "rally"}],
    "template_versions": [{"template_id": 1, "version": 1, "text": WORDS, "written_by": 1}],
    "alarms": [{"actor_id": 1, "people": 600}],
    "guesses": [{"key": b"7" * 32, "wrong": 2, "last_at": NOON}],
    "lockdowns": [{"reason": "a raid", "ended_at": NOON}],
    "organizer_sessions": [
        {"id": 1, "organizer_id": 3, "digest": b"8" * 32, "complete": True, "network": "192.0.2.0/24"}
        | {"browser": "Firefox"}
    ],
    "presses": [
        {"digest": b"9" * 32, "session_id": 1, "leads_to": "/alerts/1"},
        {"digest": b"a" * 32, "answer": {"status": 200, "headers": [], "body": "<p>"}},
    ],
    "recovery_codes": [{"organizer_id": 3, "code": "a code"}],
    "copies": [{"message_sid": "SM" + "9" * 32}],
    "kept_answers": [{"action_id": 1, "language": "es", "answer": "yes", "people": 3, "guests": 1}],
    "kept_list_answers": [{"action_id": 1, "list_id": 1, "answer": "yes", "people": 3, "guests": 1}],
    "kept_hour_answers": [{"action_id": 1, "hour": NOON, "answer": "yes", "people": 3}],
    "kept_replies": [{"day": date(2026, 9, 1), "intent": "rsvp", "texts": 4}],
}
_names = count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with embedded_postgres(forgetful=True) as url:
        yield url


def new_database(server: str) -> str:
    name = f"revision_{next(_names)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return server.replace("/postgres?", f"/{name}?")


def driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def columns(connection: psycopg.Connection) -> Schema:
    """Of each table, the type of each column."""
    found: Schema = {}
    query = """
        SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'
    """
    for table, column, kind in connection.execute(query):
        found.setdefault(table, {})[column] = kind
    return found


def _as_it_was(table: str, column: str, kind: str, value: object) -> object:
    """``value`` as a column of this kind held it."""
    if value is None or isinstance(value, bytes):
        return value
    if kind == "jsonb":
        return json.dumps(value)
    if kind != "bytea":
        return value
    known = Table.metadata.tables[table].columns.get(column)
    if known is None:  # replies.phone, until the number stood in one place only
        return sealer().seal_findable(f"{table}.{column}", str(value))
    return known.type.process_bind_param(value, None)  # type: ignore[attr-defined]


def rows_for(tables: Schema) -> list[tuple[str, Row]]:
    """Every row that there is a table for, with the columns that there are; what must be sealed is."""
    return [
        (
            table,
            {
                column: _as_it_was(table, column, tables[table][column], value)
                for column, value in row.items()
                if column in tables[table]
            },
        )
        for table, rows in ROWS.items()
        for row in rows
        if table in tables
    ]


def put(connection: psycopg.Connection, rows: list[tuple[str, Row]]) -> None:
    for table, row in rows:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        connection.execute(statement, list(row.values()))


def fill(connection: psycopg.Connection) -> dict[str, int]:
    """Put in every row that there is a table for; how many into which."""
    tables = columns(connection)
    assert set(tables) - OF_THEMSELVES - {"alembic_version"} <= set(ROWS) | _partitions(connection), (
        "ROWS lacks a table"
    )
    put(connection, rows_for(tables))
    return {table: len(rows) for table, rows in ROWS.items() if table in tables}


def _partitions(connection: psycopg.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT relname FROM pg_class WHERE relispartition")}


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_there_was_at_every_revision_is_there_at_the_newest(server: str, revision: str) -> None:
    url = new_database(server)
    upgrade(driver(url), revision)
    with psycopg.connect(url) as connection:
        filled = fill(connection)
    upgrade(driver(url))
    engine = create_engine(driver(url))
    with Session(engine) as session:
        for mapper in Table.registry.mappers:
            rows = session.scalars(select(mapper.class_)).all()  # opens every seal of them
            table = str(mapper.local_table)
            assert len(rows) == filled.get(table, len(rows)), table
        assert sorted(session.scalars(select(Subscriber.phone))) == PHONES
        assert session.scalars(select(Alert.text)).all() == [WORDS] * 3
        assert session.scalar(select(Alert.bodies).where(Alert.id == 1)) == WORDS
        assert session.scalars(select(Action.place)).all() == ["The gate"]
        assert session.scalars(select(Reply.body)).all() == ["si, voy"] * 2
        found = session.execute(select(Delivery.subscriber_id, Delivery.state)).all()
        assert dict(found) == dict(enumerate(DeliveryState, start=1))
        counts = "SELECT state, sum(deliveries) FROM progress WHERE alert_id = 1 GROUP BY 1"
        told = {state: int(number) for state, number in session.connection().exec_driver_sql(counts)}
        assert {state: number for state, number in told.items() if number} == dict.fromkeys(DeliveryState, 1)
        assert session.scalar(select(func.cardinality(Subscriber.lists)).where(Subscriber.id == 1)) == 1
    engine.dispose()
