"""Migration 0021: counts by language and state become counts by list, code and reason as well."""

from __future__ import annotations

import psycopg

from alerts.storage.migrate import upgrade
from tests.storage.test_every_revision import driver, new_database, server

__all__ = ["server"]
ALERT = """
    INSERT INTO alerts (id, state, audience, text, asks_rsvp, urgent, kept)
    OVERRIDING SYSTEM VALUE VALUES (%s, 'sent', '{}', '\\x00', false, false, %s)
"""
GONE = """
    {"left": 0, "answers": [],
     "deliveries": [["es", 2, "delivered", null, null, 7], ["so", null, "skipped", null, "left", 1]]}
"""


def test_they_are_counted_anew_or_taken_from_what_an_alert_kept(server: str) -> None:
    url = new_database(server)
    upgrade(driver(url), "0020")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ALERT, [1, None])
        connection.execute(ALERT, [2, GONE])
        connection.execute("""
            INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state, list_id, code)
            SELECT 1, n, 'en', '', 'failed', n % 2, nullif(n % 3, 0) FROM generate_series(1, 6) AS n
        """)
        connection.execute(
            "INSERT INTO progress VALUES (2, 3, 'es', 'delivered', 7), (2, 0, 'so', 'skipped', 1)"
        )
    upgrade(driver(url))
    with psycopg.connect(url) as connection:
        found = connection.execute("""
            SELECT alert_id, language, state, list_id, code, reason, sum(deliveries)::int
            FROM progress GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        """).fetchall()
    assert found == [
        *((1, "en", "failed", on, code, "", 1) for on in (0, 1) for code in (0, 1, 2)),
        (2, "es", "delivered", 2, 0, "", 7),
        (2, "so", "skipped", 0, 0, "left", 1),
    ]
