"""The statements in which the fan-out is designed, as SQL. The move table stands in each of them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, Text, column, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from alerts.broadcasts.states import MAY_HAVE_ARRIVED, MOVES_AS_SQL
from alerts.storage.types import Instant
from alerts.subscribers.models import Subscriber

PHONE = Subscriber.__table__.c.phone.type

# Plan: index scan of deliveries_open_idx (alert, 'waiting', id) for :size rows, skipping what
# another worker holds; then subscribers by key. Somebody who left is skipped here: this is
# the last look before the text goes out.
CLAIM = text("""
    WITH batch AS (
        SELECT id FROM deliveries
        WHERE alert_id = :alert AND state = 'waiting' AND (not_before IS NULL OR not_before <= now())
        ORDER BY id LIMIT :size
        FOR UPDATE SKIP LOCKED
    )
    UPDATE deliveries d
    SET state = CASE WHEN s.standing = 'active' THEN 'sending' ELSE 'skipped' END,
        reason = CASE WHEN s.standing = 'active' THEN NULL ELSE s.standing END,
        attempts = d.attempts + 1, claimed_at = now(), changed_at = now(), not_before = NULL
    FROM batch, subscribers s
    WHERE d.id = batch.id AND s.id = d.subscriber_id
    RETURNING d.id, d.subscriber_id, d.language, d.attempts, d.state, s.phone
""").columns(
    column("id", BigInteger),
    column("subscriber_id", BigInteger),
    column("language", Text),
    column("attempts", Integer),
    column("state", Text),
    column("phone", PHONE),
)

# Rows are locked in the order of their ids before they are changed: two groups that overlap, a
# worker's outcomes and the callbacks for them, wait for each other and never in a circle.
_LOCKED = """
    locked AS MATERIALIZED (
        SELECT id FROM deliveries WHERE id IN (SELECT id FROM o) ORDER BY id FOR UPDATE
    )"""

# What the carrier, or its silence, says of each text that was claimed. ``attempt`` keeps a worker
# that was thought dead from touching what was claimed anew.
RECORD = text(f"""
    WITH o AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:outcomes AS json))
            AS o(id bigint, attempt integer, state text, sid text, code integer, wait float8)
    ), {_LOCKED}
    UPDATE deliveries d
    SET state = o.state, message_sid = coalesce(d.message_sid, o.sid), code = o.code,
        not_before = now() + o.wait * interval '1 second', changed_at = now()
    FROM o JOIN locked USING (id)
    WHERE d.id = o.id AND d.attempts = o.attempt
      AND {MOVES_AS_SQL}
    RETURNING d.id, d.alert_id, d.subscriber_id, d.code
""")  # noqa: S608 - the values are our own table

# What Twilio's callbacks say. The id comes from the address that we gave with the text, so a
# callback settles even a delivery whose own answer was lost.
CALLBACK = text(f"""
    WITH o AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:callbacks AS json))
            AS o(id bigint, state text, sid text, code integer)
    ), {_LOCKED}
    UPDATE deliveries d
    SET state = o.state, message_sid = o.sid, code = coalesce(o.code, d.code),
        not_before = NULL, changed_at = now()
    FROM o JOIN locked USING (id)
    WHERE d.id = o.id AND (d.message_sid IS NULL OR d.message_sid = o.sid)
      AND {MOVES_AS_SQL}
    RETURNING d.id, d.alert_id, d.subscriber_id, d.code
""")  # noqa: S608 - the values are our own table

# Why a callback changed nothing: an old state is harmless, the rest is an anomaly.
CALLBACK_STRANGER = text("""
    SELECT CASE WHEN d.id IS NULL THEN 'no such delivery'
                WHEN d.message_sid <> o.sid THEN 'another text is recorded for this delivery' END
    FROM json_to_recordset(cast(:callbacks AS json)) AS o(id bigint, sid text)
    LEFT JOIN deliveries d ON d.id = o.id
    WHERE d.id IS NULL OR d.message_sid <> o.sid
""")

# A worker sends only in the first part of its lease, so nothing of these is still under way.
EXPIRE_CLAIMS = text("""
    UPDATE deliveries SET state = 'unknown', changed_at = now()
    WHERE state = 'sending' AND claimed_at < now() - :lease * interval '1 second'
    RETURNING id
""")

# An alert is over when nothing of it is open. Runs in its own transaction, after the outcomes are
# committed: of several workers that finish together, the last sees it all.
FINISH = text("""
    UPDATE alerts a SET state = 'sent', finished_at = now()
    WHERE a.state = 'sending' AND a.prepared_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM deliveries d
          WHERE d.alert_id = a.id AND d.state IN ('waiting', 'sending', 'unknown'))
    RETURNING a.id
""")

# Texts that came back to waiting after their alert was cancelled.
WITHDRAW_CANCELLED = text("""
    UPDATE deliveries d SET state = 'cancelled', changed_at = now()
    FROM alerts a
    WHERE a.id = d.alert_id AND a.state = 'cancelled' AND d.state = 'waiting'
""")

# What the workers still owe: texts that may go out now, by alert; :most of them are enough to know.
OWED = text("""
    SELECT a.id, a.prepared_at IS NULL,
           (SELECT count(*) FROM (
                SELECT FROM deliveries d
                WHERE d.alert_id = a.id AND d.state = 'waiting'
                  AND (d.not_before IS NULL OR d.not_before <= now())
                LIMIT :most) AS due)
    FROM alerts a WHERE a.state = 'sending'
    ORDER BY a.urgent DESC, a.id
""")

# The newest question that a subscriber may have on the phone, about an action that is not over.
NEWEST_QUESTION = text(f"""
    SELECT a.action_id
    FROM deliveries d
    JOIN alerts a ON a.id = d.alert_id AND a.asks_rsvp
    JOIN actions c ON c.id = a.action_id AND c.cancelled_at IS NULL AND c.ends_at > now()
    WHERE d.subscriber_id = :subscriber
      AND d.state IN ({", ".join(f"'{state}'" for state in MAY_HAVE_ARRIVED)})
    ORDER BY d.claimed_at DESC NULLS LAST, d.id DESC LIMIT 1
""")  # noqa: S608 - the states are our own table

# Deliveries nobody knows about, long enough for a callback to have come; oldest first.
UNKNOWNS = text("""
    SELECT d.id, d.subscriber_id, d.language, d.attempts, d.claimed_at, a.bodies, s.phone,
           (SELECT coalesce(array_agg(o.message_sid), '{}') FROM deliveries o
            WHERE o.subscriber_id = d.subscriber_id AND o.message_sid IS NOT NULL) AS known
    FROM deliveries d
    JOIN alerts a ON a.id = d.alert_id
    JOIN subscribers s ON s.id = d.subscriber_id
    WHERE d.state = 'unknown' AND d.changed_at < now() - :grace * interval '1 second'
    ORDER BY d.changed_at LIMIT :size
""").columns(
    column("id", BigInteger),
    column("subscriber_id", BigInteger),
    column("language", Text),
    column("attempts", Integer),
    column("claimed_at", Instant),
    column("bodies", JSONB),
    column("phone", PHONE),
    column("known", ARRAY(Text)),
)
