"""The statements in which the fan-out is designed, as SQL. The move table stands in each of them."""

from __future__ import annotations

from sqlalchemy import text

from alerts.broadcasts.states import MOVES, MOVES_AS_SQL

_STILL_MOVING = "(" + ", ".join(f"'{state}'" for state, moves in MOVES.items() if moves) + ")"

# Who may be texted, by their standing. A letter (letters.py) is an alert to one person.
#
#                  an alert   a letter   a letter to_pending
#   active         yes        yes        yes
#   unreachable    no         yes        yes                  they wrote to us, since the carrier said so
#   pending        no         no         yes
#   left, or gone  no         no         no
# In a lockdown nothing is claimed: letters wait, and alerts to many are paused; one whose sending was under
# way at that moment, or of which a text came back, is paused when the lockdown ends (locking.py).
_OPEN = "NOT EXISTS (SELECT FROM lockdowns WHERE ended_at IS NULL)"

MAY_GET_A_LETTER = "(s.standing IN ('active', 'unreachable') OR s.standing = 'pending' AND a.to_pending)"

# Rows that are to be changed are found by the array of their ids, at once: one look into each month, which
# ends at the first id where the month is an older one (from PostgreSQL 17 on). Told of the alert as well, and
# with statistics of before it was written, the planner joins 600 rows with all of the alert's, in seconds.
# How many rows are before it, no statistics need tell it: one, by this, is a thousand, which it hashes. Of a
# few it would read all again for each.
_MANY = "generate_series(1, (SELECT 1))"

# Plan: index scan of deliveries_waiting_idx (alert, sender, id) for :size rows, skipping what
# another worker holds; then subscribers by key. ``after`` spares the walk over index entries that
# are dead already. This is the last look before the text goes out: somebody who left is skipped, and
# everybody once the action has begun; people of a list that is closed now wait until it opens.
CLAIM = text(f"""
    WITH a AS MATERIALIZED (
        SELECT until, urgent FROM alerts WHERE id = :alert AND state = 'sending' AND {_OPEN}
    ), batch AS MATERIALIZED (
        SELECT d.id, d.list_id, s.phone, coalesce(s.standing, 'gone') AS standing, a.until, a.urgent
        FROM deliveries d CROSS JOIN a
        LEFT JOIN subscribers s ON s.id = d.subscriber_id
        WHERE d.alert_id = :alert AND d.sender = :sender AND d.state = 'waiting' AND d.not_before IS NULL
          AND d.id > :after
        ORDER BY d.id LIMIT :size
        FOR UPDATE OF d SKIP LOCKED
    ), fate AS MATERIALIZED (
        SELECT b.id, b.phone, closed.opens_at,
               CASE WHEN b.standing <> 'active' THEN b.standing
                    WHEN b.until <= now() THEN 'too late'
                    WHEN b.until <= closed.opens_at THEN 'quiet hours' END AS reason
        FROM batch b CROSS JOIN {_MANY}
        LEFT JOIN unnest(cast(:closed AS bigint[]), cast(:opens_at AS timestamptz[]))
            AS closed(list_id, opens_at) ON closed.list_id = coalesce(b.list_id, 0) AND NOT b.urgent
    )
    UPDATE deliveries d
    SET state = CASE WHEN fate.reason IS NOT NULL THEN 'skipped'
                     WHEN fate.opens_at IS NOT NULL THEN 'waiting' ELSE 'sending' END,
        reason = fate.reason,
        not_before = CASE WHEN fate.reason IS NULL THEN fate.opens_at END,
        attempts = d.attempts + CASE WHEN fate.opens_at IS NULL OR fate.reason IS NOT NULL THEN 1 ELSE 0 END,
        claimed_at = now(), changed_at = now()
    FROM fate
    WHERE d.id = fate.id AND d.id = ANY (ARRAY(SELECT id FROM batch))
    RETURNING d.id, d.subscriber_id, d.language, d.attempts, d.state, fate.phone
""")  # noqa: S608 - a condition of ours

# What waited for its time, and whose time has come. Apart from the rest (deliveries_parked_idx), so
# that no claim walks over a night's worth of it.
RELEASE = text("""
    UPDATE deliveries SET not_before = NULL
    WHERE id IN (
        SELECT due.id FROM alerts a CROSS JOIN LATERAL (
            SELECT id FROM deliveries
            WHERE alert_id = a.id AND state = 'waiting' AND not_before <= now()
            ORDER BY not_before LIMIT :size FOR UPDATE SKIP LOCKED) AS due
        WHERE a.state = 'sending')
""")

# Each letter's one delivery is looked up by its key in a subquery that the planner must leave as it is:
# joined, it once looked for 300 letters among the 100,000 deliveries of an alert, in five seconds.

# Letters that wait, by their sender: message parts of the longest.
LETTERS_WAITING = text(f"""
    SELECT d.sender, max(a.parts)
    FROM alerts a CROSS JOIN LATERAL (
        SELECT sender FROM deliveries
        WHERE alert_id = a.id AND subscriber_id = a.to_subscriber
          AND state = 'waiting' AND (not_before IS NULL OR not_before <= now())
        OFFSET 0) AS d
    WHERE a.state = 'sending' AND a.to_subscriber IS NOT NULL AND {_OPEN}
    GROUP BY d.sender
""")  # noqa: S608 - a condition of ours

# The same as CLAIM for letters, the oldest first: any number of them in one statement.
CLAIM_LETTERS = text(f"""
    WITH a AS MATERIALIZED (
        SELECT id, to_subscriber, sealed_body, parts, to_pending
        FROM alerts WHERE state = 'sending' AND to_subscriber IS NOT NULL AND {_OPEN} ORDER BY id
    ), batch AS MATERIALIZED (
        SELECT d.id, s.phone, a.sealed_body, a.parts, coalesce(s.standing, 'gone') AS standing,
               {MAY_GET_A_LETTER} AS wanted
        FROM a CROSS JOIN LATERAL (
            SELECT id FROM deliveries
            WHERE alert_id = a.id AND subscriber_id = a.to_subscriber
              AND sender = :sender AND state = 'waiting' AND (not_before IS NULL OR not_before <= now())
            FOR UPDATE SKIP LOCKED) AS d
        LEFT JOIN subscribers s ON s.id = a.to_subscriber
        LIMIT :size
    ), claimed AS MATERIALIZED (
        SELECT * FROM batch CROSS JOIN {_MANY}
    )
    UPDATE deliveries d
    SET state = CASE WHEN claimed.wanted THEN 'sending' ELSE 'skipped' END,
        reason = CASE WHEN claimed.wanted THEN NULL ELSE claimed.standing END,
        attempts = d.attempts + 1, claimed_at = now(), changed_at = now(), not_before = NULL
    FROM claimed
    WHERE d.id = claimed.id AND d.id = ANY (ARRAY(SELECT id FROM batch))
    RETURNING d.id, d.subscriber_id, d.language, d.attempts, d.state, claimed.phone, claimed.sealed_body,
              claimed.parts
""")  # noqa: S608 - the table above

# Letters that were claimed and do not open: nothing of them was sent.
FAIL_SEALED = text("""
    UPDATE deliveries SET state = 'failed', reason = 'its seal is broken', changed_at = now()
    WHERE id = ANY (cast(:deliveries AS bigint[])) AND state = 'sending'
""")

# A claim of which nothing was sent.
UNCLAIM = text("""
    UPDATE deliveries SET state = 'waiting', changed_at = now()
    WHERE id = ANY (cast(:deliveries AS bigint[])) AND state = 'sending'
""")

# Of texts that were claimed a while ago: those that are not ours any more, or that their person, or their
# alert, wants no more, or not now. Not ours are those of which the lease has ended, whoever has them since.
# A letter to somebody who was forgotten is not there any more.
STOPPED = text(f"""
    SELECT o.id, wanted IS NOT TRUE AS left
    FROM unnest(cast(:deliveries AS bigint[]), cast(:attempts AS integer[])) AS o(id, attempt)
    LEFT JOIN deliveries d ON d.id = o.id AND d.id = ANY (cast(:deliveries AS bigint[]))
    LEFT JOIN alerts a ON a.id = d.alert_id
    LEFT JOIN subscribers s ON s.id = d.subscriber_id,
    LATERAL (
        SELECT s.standing = 'active' OR a.to_subscriber IS NOT NULL AND {MAY_GET_A_LETTER}
    ) AS o2 (wanted)
    WHERE wanted IS NOT TRUE OR d.state <> 'sending' OR d.attempts <> o.attempt
       OR a.state IS DISTINCT FROM 'sending' OR a.until <= now()
       OR NOT {_OPEN}
       OR a.to_subscriber IS NULL AND NOT a.urgent
          AND coalesce(d.list_id, 0) = ANY (cast(:closed AS bigint[]))
""")  # noqa: S608 - the table above

# Rows are locked in the order of their ids before they are changed: two groups that overlap, a
# worker's outcomes and the callbacks for them, wait for each other and never in a circle.

# What the carrier, or its silence, says of each text that was claimed. ``attempt`` keeps a worker
# that was thought dead from touching what was claimed anew. Of somebody who was forgotten meanwhile
# (FORGET_TEXTS) no MessageSid is written. Only rows with a code come back.
RECORD = text(f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:outcomes AS json))
            AS o(id bigint, attempt integer, state text, sid text, code integer, wait float8, reason text)
        CROSS JOIN {_MANY}
    ), held AS MATERIALIZED (
        SELECT id FROM deliveries WHERE id = ANY (ARRAY(SELECT id FROM given)) ORDER BY id FOR UPDATE
    ), moved AS (
        UPDATE deliveries d
        SET state = o.state, code = o.code,
            message_sid = CASE WHEN d.reason = 'forgotten' THEN NULL ELSE coalesce(d.message_sid, o.sid) END,
            reason = CASE WHEN d.reason = 'forgotten' THEN d.reason ELSE o.reason END,
            not_before = CASE WHEN o.wait > 0 THEN now() + o.wait * interval '1 second' END,
            changed_at = now()
        FROM given o
        WHERE d.id = o.id AND d.id = ANY (ARRAY(SELECT id FROM held))
          AND d.attempts = o.attempt AND o.sid IS DISTINCT FROM coalesce(d.returned_sid, '')
          AND {MOVES_AS_SQL}
        RETURNING d.alert_id, d.subscriber_id, d.code
    )
    SELECT alert_id, subscriber_id, code FROM moved WHERE code IS NOT NULL
""")  # noqa: S608 - the values are our own table

# What Twilio's callbacks say. The id comes from the address that we gave with the text, so a
# callback settles even a delivery whose own answer was lost. A text that the carrier gives back
# unsent ("waiting") is sent again, once; the one given back is remembered, so that a late word
# about it is not taken for a word about the next. A letter has nobody who would resume it: given back
# because something of ours is ``broken`` it has failed, and so has what was for somebody forgotten.
CALLBACK = text(f"""
    WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset(cast(:callbacks AS json))
            AS o(id bigint, state text, sid text, code integer, wait float8, broken boolean)
        CROSS JOIN {_MANY}
    ), held AS MATERIALIZED (
        SELECT id, alert_id, returned_sid, reason FROM deliveries
        WHERE id = ANY (ARRAY(SELECT id FROM given)) ORDER BY id FOR UPDATE
    ), o AS MATERIALIZED (
        SELECT given.id, given.sid, given.code, given.wait,
               CASE WHEN given.state <> 'waiting' THEN given.state
                    WHEN d.returned_sid IS NOT NULL OR d.reason = 'forgotten' THEN 'failed'
                    WHEN given.broken
                         AND (SELECT a.to_subscriber FROM alerts a WHERE a.id = d.alert_id) IS NOT NULL
                    THEN 'failed'
                    ELSE 'waiting' END AS state
        FROM given JOIN held d ON d.id = given.id
    ), moved AS (
        UPDATE deliveries d
        SET state = o.state, code = coalesce(o.code, d.code), changed_at = now(),
            message_sid = CASE WHEN o.state = 'waiting' OR d.reason = 'forgotten' THEN NULL ELSE o.sid END,
            returned_sid = CASE WHEN o.state = 'waiting' THEN o.sid ELSE d.returned_sid END,
            not_before = CASE WHEN o.wait > 0 THEN now() + o.wait * interval '1 second' END
        FROM o
        WHERE d.id = o.id AND d.id = ANY (ARRAY(SELECT id FROM held))
          AND (d.message_sid IS NULL OR d.message_sid = o.sid)
          AND o.sid IS DISTINCT FROM d.returned_sid
          AND ({MOVES_AS_SQL} OR o.state = 'waiting' AND d.state IN ('waiting', 'accepted'))
        RETURNING d.id, d.alert_id, d.subscriber_id, d.code, d.state, d.claimed_at
    )
    SELECT id, alert_id, subscriber_id, code, state, extract(epoch FROM now() - claimed_at)::float8 AS after
    FROM moved
""")  # noqa: S608 - the values are our own table

# Why a callback changed nothing: an old state is harmless, the rest is an anomaly.
CALLBACK_STRANGER = text("""
    SELECT CASE WHEN d.id IS NULL THEN 'no such delivery'
                ELSE 'another text is recorded for this delivery' END
    FROM json_to_recordset(cast(:callbacks AS json)) AS o(id bigint, sid text)
    LEFT JOIN deliveries d ON d.id = o.id
    WHERE d.id IS NULL OR d.message_sid <> o.sid AND o.sid IS DISTINCT FROM d.returned_sid
""")

# A worker sends only in the first part of its lease, so nothing of these is still under way.
EXPIRE_CLAIMS = text("""
    UPDATE deliveries SET state = 'unknown', changed_at = now()
    WHERE state = 'sending' AND claimed_at < now() - :lease * interval '1 second'
    RETURNING id
""")

# An alert is over when nothing of it is open; one question for each index that knows. Runs in its own
# transaction, after the outcomes are committed: of several workers that finish together, the last sees
# it all. OFFSET 0: the planner must look each alert up by itself. Joined, with statistics of before they
# were written, 300 letters were held against the 100,000 deliveries of an alert one by one: 7.5 seconds.
FINISH = text("""
    UPDATE alerts a SET state = 'sent', finished_at = now()
    WHERE a.state = 'sending' AND a.prepared_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM deliveries d
          WHERE d.alert_id = a.id AND d.state = 'waiting' AND d.not_before IS NULL OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM deliveries d
          WHERE d.alert_id = a.id AND d.state = 'waiting' AND d.not_before IS NOT NULL OFFSET 0)
      AND NOT EXISTS (
          SELECT FROM deliveries d
          WHERE d.alert_id = a.id AND d.state IN ('sending', 'unknown') OFFSET 0)
    RETURNING a.id
""")

# What a cancelled alert still had to send, and what of it waited for its time: the indexes are two.
WITHDRAW_CANCELLED = tuple(
    text(f"""
        UPDATE deliveries SET state = 'cancelled', not_before = NULL, changed_at = now()
        WHERE id IN (
            SELECT d.id FROM alerts a JOIN deliveries d ON d.alert_id = a.id
            WHERE a.state = 'cancelled' AND d.state = 'waiting' AND d.not_before {told}
            LIMIT :size FOR UPDATE OF d SKIP LOCKED)
    """)  # noqa: S608 - one of two words of ours
    for told in ("IS NULL", "IS NOT NULL")
)

# Its action has another time or place now, or is off: what waits of it is not true any more.
_STALE = """EXISTS (
        SELECT FROM actions c WHERE c.id = a.action_id AND c.version <> a.action_version)"""

# Alerts that workers have something to do for, urgent ones first.
UNDER_WAY = text(f"""
    SELECT a.id, a.urgent, a.kind = 'reminder' AS reminds, a.bodies AS sealed_bodies,
           a.prepared_at IS NULL AS unwritten, a.stumbles > 0 AS stumbled
    FROM alerts a WHERE a.state = 'sending' AND a.to_subscriber IS NULL AND {_OPEN} AND NOT {_STALE}
    ORDER BY a.urgent DESC, a.kind = 'reminder', a.id
""")  # noqa: S608 - a condition of ours

# Whether a worker could do something now for any of them; :most texts are enough to know.
OWED = text(f"""
    SELECT a.id, a.prepared_at IS NULL,
           (SELECT count(*) FROM (
                SELECT FROM deliveries d
                WHERE d.alert_id = a.id AND d.state = 'waiting' AND d.not_before IS NULL
                LIMIT :most) AS due)
    FROM alerts a WHERE a.state = 'sending' AND {_OPEN} AND NOT {_STALE}
    ORDER BY a.urgent DESC, a.id
""")  # noqa: S608 - the same

MOST_STUMBLES = 3  # in the same way; then an alert is paused

# Alerts under way whose action changed, or all of one action. Not those that are paused because nobody can
# work on them: when they are resumed it is their turn.
STALE = text(f"""
    SELECT a.id FROM alerts a
    WHERE a.state IN ('scheduled', 'sending', 'paused') AND a.to_subscriber IS NULL
      AND NOT (a.state = 'paused' AND a.stumbles >= {MOST_STUMBLES})
      AND (cast(:action AS bigint) IS NULL OR a.action_id = :action) AND {_STALE}
    ORDER BY a.id
""")  # noqa: S608 - the same

# Texts that were to go out from an address which is not ours any more: the others take them over.
ADOPT = text("""
    UPDATE deliveries d
    SET sender = (cast(:senders AS text[]))[1 + d.subscriber_id % cardinality(cast(:senders AS text[]))]
    FROM alerts a
    WHERE a.id = d.alert_id AND a.state IN ('sending', 'paused')
      AND d.state = 'waiting' AND d.not_before IS NULL AND d.sender <> ALL (cast(:senders AS text[]))
""")

# Somebody failed over an alert: how often, in the same way, since something of it last went well.
STUMBLE = text("""
    UPDATE alerts SET stumbles = CASE WHEN stumble = :how THEN stumbles + 1 ELSE 1 END, stumble = :how
    WHERE id = :alert AND state IN ('scheduled', 'sending', 'paused') RETURNING stumbles
""")
WELL_AGAIN = text("UPDATE alerts SET stumbles = 0, stumble = NULL WHERE id = :alert AND state = 'sending'")
PAUSE_STUMBLED = text("UPDATE alerts SET state = 'paused', trouble = :trouble WHERE id = :alert")

# Not one text of an alert was taken, and many were refused: the fault is not with the people.
ALL_REFUSED = text("""
    SELECT coalesce(sum(deliveries) FILTER (WHERE state = 'failed'), 0) >= :most
       AND coalesce(sum(deliveries) FILTER (
               WHERE state IN ('accepted', 'sent', 'delivered', 'undelivered')), 0) = 0
    FROM progress WHERE alert_id = :alert
""")

# Of an alert to many that is under way: how many texts phone companies have, or had, and how many of these
# they filtered; and both as they were when this was last looked at.
JUDGE = text("""
    SELECT a.judged_taken, a.judged_filtered,
           coalesce(sum(p.deliveries) FILTER (
               WHERE p.state IN ('sent', 'delivered', 'undelivered') OR p.blocked), 0)::bigint AS taken,
           coalesce(sum(p.deliveries) FILTER (WHERE p.blocked), 0)::bigint AS filtered
    FROM alerts a LEFT JOIN (
        SELECT *, state IN ('undelivered', 'failed') AND code = ANY (cast(:codes AS integer[])) AS blocked
        FROM progress) AS p ON p.alert_id = a.id
    WHERE a.id = :alert AND a.state = 'sending' AND a.to_subscriber IS NULL
    GROUP BY a.id
""")
JUDGED = text("UPDATE alerts SET judged_taken = :taken, judged_filtered = :filtered WHERE id = :alert")

# A text came back from the carrier after its alert was over.
REOPEN = text("""
    UPDATE alerts SET state = 'sending', finished_at = NULL,
                      look_up_at = coalesce(look_up_at, now() + interval '1 hour')
    WHERE state = 'sent' AND id = ANY (cast(:alerts AS bigint[]))
""")

# To forget people. All deliveries of theirs are found by the unique key, alert by alert, as there is
# no index by subscriber; and locked in the order of their ids, as everywhere.
LOCK_THEIR_DELIVERIES = text("""
    SELECT id FROM deliveries
    WHERE subscriber_id = ANY (cast(:subscribers AS bigint[]))
      AND alert_id = ANY (ARRAY(
          SELECT id FROM alerts WHERE to_subscriber IS NULL
          UNION ALL SELECT id FROM alerts WHERE to_subscriber = ANY (cast(:subscribers AS bigint[]))))
    ORDER BY id FOR UPDATE
""")

# What may still move is marked: RECORD and CALLBACK then write no MessageSid,
# by which the carrier would tell the number. Their copies there are erased (copies.py).
FORGET_TEXTS = text(f"""
    WITH sids AS (
        SELECT one.sid FROM deliveries d, LATERAL (VALUES (d.message_sid), (d.returned_sid)) AS one (sid)
        WHERE d.subscriber_id = ANY (cast(:subscribers AS bigint[])) AND one.sid IS NOT NULL
          AND d.alert_id = ANY (ARRAY(
              SELECT id FROM alerts WHERE to_subscriber IS NULL
              UNION ALL SELECT id FROM alerts WHERE to_subscriber = ANY (cast(:subscribers AS bigint[]))))
        UNION SELECT message_sid FROM replies
        WHERE subscriber_id = ANY (cast(:subscribers AS bigint[])) AND at_carrier
    ), listed AS (
        INSERT INTO copies (message_sid) SELECT sid FROM sids WHERE :erase ON CONFLICT DO NOTHING
    )
    UPDATE deliveries
    SET state = CASE WHEN state IN ('waiting', 'unknown') THEN 'skipped' ELSE state END,
        changed_at = CASE WHEN state IN ('waiting', 'unknown') THEN now() ELSE changed_at END,
        reason = CASE WHEN state IN {_STILL_MOVING} THEN 'forgotten' ELSE reason END,
        message_sid = NULL, returned_sid = NULL
    WHERE subscriber_id = ANY (cast(:subscribers AS bigint[]))
      AND alert_id = ANY (ARRAY(SELECT id FROM alerts WHERE to_subscriber IS NULL))
      AND (message_sid IS NOT NULL OR returned_sid IS NOT NULL OR state IN {_STILL_MOVING})
""")  # noqa: S608 - the states are our own table

# In this order: a callback that waits for a delivery finds nothing, and counts nothing any more.
_THEIR_LETTERS = "ARRAY(SELECT id FROM alerts WHERE to_subscriber = ANY (cast(:subscribers AS bigint[])))"
FORGET_LETTERS = (
    text(f"DELETE FROM deliveries WHERE alert_id = ANY ({_THEIR_LETTERS})"),  # noqa: S608 - ours
    text(f"DELETE FROM progress WHERE alert_id = ANY ({_THEIR_LETTERS})"),  # noqa: S608
    text("DELETE FROM alerts WHERE to_subscriber = ANY (cast(:subscribers AS bigint[]))"),
)
