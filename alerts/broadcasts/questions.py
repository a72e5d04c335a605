"""Which actions people were asked about: what their YES or NO can be an answer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, LiteralString

from alerts.actions.models import ActionKind
from alerts.broadcasts.states import MAY_HAVE_ARRIVED
from alerts.storage.sealing import sealer
from alerts.understanding.intents import Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that is still to come, and that somebody was asked about; ``answer``: what they said."""

    action_id: int
    kind: ActionKind
    title: Mapping[str, str]
    starts_at: datetime
    timezone: str
    asked_at: datetime
    answer: Answer | None = None
    answered_at: datetime | None = None


# Plan: the few actions that are not over, their alerts, and in each of these the person's delivery by
# its key. What was cancelled cannot be answered.
QUESTIONS: LiteralString = f"""(
    SELECT json_agg(q ORDER BY q.asked_at DESC, q.action_id DESC)
    FROM (
        SELECT c.id AS action_id, c.kind, c.title, c.starts_at, c.timezone, max(d.claimed_at) AS asked_at,
               r.answer, r.answered_at
        FROM actions c
        JOIN alerts a ON a.action_id = c.id AND a.asks_rsvp
        JOIN deliveries d ON d.alert_id = a.id AND d.subscriber_id = s.id
        LEFT JOIN rsvps r ON r.action_id = c.id AND r.subscriber_id = s.id
        WHERE c.cancelled_at IS NULL AND c.ends_at > now() AND d.claimed_at IS NOT NULL
          AND d.state IN ({", ".join(f"'{state}'" for state in MAY_HAVE_ARRIVED)})
        GROUP BY c.id, r.answer, r.answered_at
    ) q)"""  # noqa: S608 - the states are our own table
"""The open questions of the subscriber ``s``, as JSON: for ``subscribers.people.meet``."""


@lru_cache(maxsize=256)  # the same few actions, for everybody who answers
def _opened(title: str) -> Mapping[str, str]:
    opened: dict[str, str] = sealer().open_json("actions.title", bytes.fromhex(title.removeprefix("\\x")))
    return opened


def questions_from(found: Sequence[Mapping[str, Any]] | None) -> tuple[Asked, ...]:
    """What QUESTIONS gave, the newest first."""
    return tuple(
        Asked(
            one["action_id"],
            ActionKind(one["kind"]),
            _opened(one["title"]),
            datetime.fromisoformat(one["starts_at"]),
            one["timezone"],
            datetime.fromisoformat(one["asked_at"]),
            Answer(one["answer"]) if one["answer"] else None,
            datetime.fromisoformat(one["answered_at"]) if one["answered_at"] else None,
        )
        for one in found or ()
    )
