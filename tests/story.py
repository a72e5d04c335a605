"""People and places of the story, for every test. Numbers are of the 555-01xx kind: nobody's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

MARIA = "+19095550101"  # reads Spanish
YASMIN = "+19525550102"  # reads Somali
JAMES = "+19095550103"  # reads English

JOIN_WORDS = {"en": "JOIN", "es": "UNETE", "so": "KU BIIR"}
AROUND_THE_CLOCK = {"opens": "00:00", "closes": "00:00"}
TEXTS = {
    "en": "{title}: {when}, {where}. Will you come? YES or NO",
    "es": "{title}: {when}, {where}. ¿Vienes? SI o NO",
    "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA",
}


def inland_empire(**changes: Any) -> dict[str, Any]:
    """A list whose people are texted around the clock, so that a test may run at any hour."""
    return {
        "name": "Inland Empire",
        "timezone": "America/Los_Angeles",
        "join_words": JOIN_WORDS,
        "hours": AROUND_THE_CLOCK,
        **changes,
    }


def lobby_action(**changes: Any) -> dict[str, Any]:
    """A lobby action, a week from now."""
    starts = datetime.now(UTC) + timedelta(days=7)
    return {
        "kind": "lobby_action",
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(),
        "timezone": "America/Los_Angeles",
        "place": "San Bernardino, 500 Main St",
        "title": {"en": "Lobby action", "es": "Entrega en el lobby", "so": "Ficil hoolka"},
        "details": {"en": "We bring the petitions."},
        **changes,
    }


def alert(list_id: int, action_id: int | None, **changes: Any) -> dict[str, Any]:
    """An alert that asks who will come."""
    return {
        "audience": {"lists": [list_id]},
        "text": TEXTS,
        "action": action_id,
        "asks_rsvp": action_id is not None,
        **changes,
    }
