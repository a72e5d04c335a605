"""Every move of every delivery, written down by the database itself: evidence, whatever the engine does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import psycopg

KEEP = """
    CREATE TABLE chaos_moves (
        delivery_id bigint NOT NULL, old text NOT NULL, new text NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(), machine inet DEFAULT inet_client_addr());
    CREATE FUNCTION chaos_move() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO chaos_moves VALUES (NEW.id, OLD.state, NEW.state);
        RETURN NULL;
    END $$;
    CREATE TRIGGER chaos_move AFTER UPDATE ON deliveries
        FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION chaos_move();
"""
MOVES = "SELECT DISTINCT old, new FROM chaos_moves ORDER BY old, new"
UNKNOWNS = """
    SELECT d.message_sid, m.at,
           extract(epoch FROM coalesce(m.until, clock_timestamp()) - m.at)::float8, m.next
    FROM (SELECT *, lead(at) OVER one AS until, lead(new) OVER one AS next
          FROM chaos_moves WINDOW one AS (PARTITION BY delivery_id ORDER BY at)) AS m
    JOIN deliveries d ON d.id = m.delivery_id
    WHERE m.new = 'unknown'
"""
IN_FLIGHT = """
    SELECT host(machine), count(*)
    FROM (SELECT DISTINCT ON (delivery_id) * FROM chaos_moves ORDER BY delivery_id, at DESC) AS latest
    WHERE new = 'sending' GROUP BY 1
"""
OF_ONE = """
    SELECT m.at, m.delivery_id, m.old, m.new FROM chaos_moves m JOIN deliveries d ON d.id = m.delivery_id
    WHERE d.subscriber_id = %s ORDER BY m.at
"""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One time that nobody knew what had become of a text."""

    sid: str | None  # of the text that the delivery has now
    since: datetime
    seconds: float
    became: str | None


class History:
    """The moves of the deliveries in one database."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def keep(self) -> None:
        """Begin to write them down."""
        with psycopg.connect(self._url) as connection:
            connection.execute(KEEP)

    def moves(self) -> list[tuple[str, str]]:
        """Each pair of states, from and to, that was seen."""
        with psycopg.connect(self._url) as connection:
            return [(old, new) for old, new in connection.execute(MOVES)]

    def unknowns(self) -> list[Unknown]:
        """Each time that a delivery was unknown."""
        with psycopg.connect(self._url) as connection:
            return [Unknown(*row) for row in connection.execute(UNKNOWNS)]

    def in_flight(self) -> Counter[str]:
        """How many texts each machine, by its address, has claimed and told nothing of yet."""
        with psycopg.connect(self._url) as connection:
            return Counter(dict(connection.execute(IN_FLIGHT).fetchall()))

    def of(self, subscriber_id: int) -> list[str]:
        """What happened to one person's delivery, a line a move."""
        with psycopg.connect(self._url) as connection:
            rows = connection.execute(OF_ONE, [subscriber_id]).fetchall()
        return [f"{at:%H:%M:%S.%f} delivery {key}: {old} → {new}" for at, key, old, new in rows]
