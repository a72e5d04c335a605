"""Things as the API shows them, of which the examples in its document are made (``alerts.examples``)."""

from __future__ import annotations

TITLE = {"en": "Lobby action", "es": "Entrega en el lobby", "so": "Ficil hoolka"}
TEXT = {
    "en": "{title}: {when}, {where}. Will you come? YES or NO",
    "es": "{title}: {when}, {where}. ¿Vienes? SI o NO",
    "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA",
}
REMINDER_TEXT = {
    "en": "Tomorrow, {time}: {title}, {where}",
    "es": "Mañana, {time}: {title}, {where}",
    "so": "Berri, {time}: {title}, {where}",
}
JOIN_WORDS = {"en": "JOIN", "es": "UNETE", "so": "KU BIIR"}
NEW_LIST = {"name": "Inland Empire", "timezone": "America/Los_Angeles", "join_words": JOIN_WORDS}
LIST = {**NEW_LIST, "id": 1, "confirms": False, "hours": {"opens": "20:00", "closes": "06:00"}}
NEW_SUBSCRIBER = {
    "phone": "+1 909 555 0101",
    "language": "es",
    "lists": [1],
    "tags": ["night shift"],
    "consent": "Signed the sheet at the gate, 2026-11-20",
}
SUBSCRIBER = {
    "id": 7,
    "phone": "•••01",
    "language": "es",
    "standing": "active",
    "lists": [1],
    "tags": ["night shift"],
    "created_at": "2026-11-20T22:04:11Z",
}
CONSENT = {
    "kind": "joined",
    "list": 1,
    "channel": "text",
    "language": "es",
    "source": "SM00000000000000000000000000000000",
    "at": "2026-11-20T22:04:11Z",
}
PROOF = {
    "phone": "+19095550101",
    "standing": "active",
    "language": "es",
    "events": [{**CONSENT, "list_name": "Inland Empire", "words": "UNETE"}],
}
IMPORT = {
    "id": 3,
    "state": "running",
    "rows": 1200,
    "read": 800,
    "taken": 788,
    "refused": {"bad_phone": 9, "left": 3},
    "lists": [1],
    "created_at": "2026-11-20T22:04:11Z",
    "finished_at": None,
}
NEW_ACTION = {
    "kind": "lobby_action",
    "starts_at": "2026-12-05T10:00:00-08:00",
    "ends_at": "2026-12-05T12:00:00-08:00",
    "timezone": "America/Los_Angeles",
    "place": "San Bernardino, 500 Main St",
    "title": TITLE,
    "details": {"en": "We bring the petitions."},
}
ACTION = {**NEW_ACTION, "id": 4, "cancelled_at": None, "created_at": "2026-11-20T22:04:11Z"}
RSVP = {
    "subscriber": 7,
    "answer": "yes",
    "guests": 2,
    "language": "es",
    "answered_at": "2026-11-21T13:02:44Z",
}
COUNT = {"yes": 41, "no": 12, "maybe": 3, "guests": 9}
NEW_ALERT = {"audience": {"lists": [1]}, "text": TEXT, "action": 4, "asks_rsvp": True, "send_before": "P2D"}
NOBODY_ELSE: dict[str, object] = {
    "languages": [],
    "tags": [],
    "action": None,
    "answers": [],
    "joined_since": None,
    "told_old": None,
    "also": [],
    "without": [],
}
ALERT = {
    "id": 12,
    "kind": "call",
    "state": "scheduled",
    "audience": {"lists": [1], **NOBODY_ELSE},
    "text": TEXT,
    "action": 4,
    "asks_rsvp": True,
    "urgent": False,
    "urgent_reason": None,
    "send_at": None,
    "send_before": "P2D",
    "due_at": "2026-12-03T10:00:00-08:00",
    "approved": True,
    "template": None,
    "template_version": None,
    "trouble": None,
    "created_at": "2026-11-20T22:04:11Z",
    "finished_at": None,
}
DRAFT = {**ALERT, "state": "draft", "due_at": None, "approved": False}
SENDING = {**ALERT, "state": "sending"}
REMINDER = {
    **ALERT,
    "id": 13,
    "kind": "reminder",
    "audience": {**NOBODY_ELSE, "lists": [], "action": 4, "answers": ["yes", "maybe"]},
    "text": REMINDER_TEXT,
    "send_before": "P1D",
    "due_at": "2026-12-04T10:00:00-08:00",
    "warnings": [],
}
CORRECTION_TEXT = {
    "en": "CHANGED: {title} is now {when}, {where}. - {organization}",
    "es": "CAMBIO: {title} ahora es {when}, {where}. - {organization}",
    "so": "ISBEDEL: {title} hadda waa {when}, {where}. - {organization}",
}
CORRECTION = {
    **DRAFT,
    "id": 14,
    "kind": "correction",
    "audience": {**NOBODY_ELSE, "lists": [], "told_old": 4},
    "text": CORRECTION_TEXT,
    "asks_rsvp": False,
    "send_before": None,
}
STATES = {
    "waiting": 0, "sending": 0, "accepted": 0, "sent": 4, "delivered": 270, "undelivered": 3,
    "failed": 2, "unknown": 0, "skipped": 5, "cancelled": 0,
}  # fmt: skip
REPORT = {
    "alert": 12,
    "state": "sent",
    "trouble": None,
    "people": 284,
    "states": STATES,
    "languages": {"es": {"delivered": 160, "failed": 1}, "so": {"delivered": 70}, "en": {"delivered": 40}},
}
WHOLE_REPORT = {
    "people": 284,
    "states": STATES,
    "languages": {"es": {"sent": 4, "delivered": 270, "undelivered": 3, "failed": 2, "skipped": 5}},
    "lists": [
        {"list": 1, "states": {"sent": 4, "delivered": 270, "undelivered": 3, "failed": 2, "skipped": 5}}
    ],
    "failed": {"the phone is switched off or out of reach": 3, "this is not a mobile number": 2},
    "skipped": {"They left: they said STOP, in whatever words.": 5},
    "parts": 554,
    "price": {"amount": "6.27", "currency": "USD"},
    "answers": [{"hour": "2026-12-03T18:00:00Z", "answer": "yes", "people": 41}],
    "left": 1,
}
DELIVERY = {
    "id": 9001,
    "subscriber": 7,
    "language": "es",
    "state": "delivered",
    "message_sid": "SM00000000000000000000000000000000",
    "code": None,
    "reason": None,
    "why": None,
    "list": 1,
    "not_before": None,
    "changed_at": "2026-12-03T18:00:03Z",
}
PREVIEW = {
    "people": 284,
    "parts": 568,
    "price": {"amount": "6.42", "currency": "USD"},
    "seconds": 58,
    "begins_at": "2026-12-03T18:00:00Z",
    "lands_at": "2026-12-03T18:00:58Z",
    "languages": {
        "es": {
            "people": 284,
            "body": "Entrega en el lobby: 5 dic, 10:00 am, San Bernardino, 500 Main St. ¿Vienes? SI o NO",
            "encoding": "GSM-7",
            "parts": 1,
            "costly": [],
            "cheaper": {},
        }
    },
    "missing": [],
    "put_off": 12,
    "left_out": 0,
    "approval": {
        "needed": True,
        "version": "3f9a1c0b7d52e684",
        "approved": False,
        "approved_by": None,
        "approved_at": None,
    },
    "warnings": [
        {
            "code": "quiet_hours",
            "language": None,
            "detail": "Some people are asleep then: they get it when the hours of their list begin.",
        }
    ],
}
AUDIENCE = {
    "people": 284,
    "languages": {"es": 160, "so": 84, "en": 40},
    "lists": {"1": 284},
    "left_out": {"left": 5},
}
TEMPLATE = {
    "id": 2,
    "name": "Call to a lobby action",
    "version": 3,
    "text": TEXT,
    "written_by": 1,
    "written_at": "2026-11-20T22:04:11Z",
}
KIT = {
    "format": "alerts action kit",
    "version": 1,
    "action": NEW_ACTION,
    "alerts": [
        {"text": TEXT, "asks_rsvp": True, "send_before": "P2D", "answers": []},
        {"text": REMINDER_TEXT, "asks_rsvp": False, "send_before": "P1D", "answers": ["yes"]},
    ],
}
CONVERSATION = {
    "id": 7,
    "phone": "•••01",
    "language": "es",
    "wrote_in": "es",
    "standing": "active",
    "state": "open",
    "unread": 1,
    "taken_by": None,
    "assigned_to": None,
    "moved_at": "2026-11-21T13:02:44Z",
}
SAID = {
    "at": "2026-11-21T13:02:44Z",
    "by": "worker",
    "text": "hay raite desde Burnsville?",
    "intent": "message",
    "media": 0,
    "state": None,
    "alert": None,
}
CANNED = {"name": "Bus", "text": {"en": "The bus leaves at 6.", "es": "El bus sale a las 6."}}
AUDIT = {
    "id": 31,
    "at": "2026-12-01T17:20:00Z",
    "who": "Rosa's phone",
    "actor": 2,
    "network": "203.0.113.0/24",
    "what": "approved",
    "noun": "alert",
    "number": 12,
    "facts": {"version": "3f9a1c0b7d52e684", "people": 284},
}
ORGANIZER = {
    "id": 5,
    "email": "marisol@example.org",
    "name": "Marisol",
    "role": "organizer",
    "may_read_numbers": False,
    "settled": True,
    "disabled": False,
    "created_at": "2026-11-20T22:04:11Z",
}
INVITED = {
    **ORGANIZER,
    "settled": False,
    "link": "https://alerts.example.org/welcome/q0d3mTqVb8kXy1Zr5cJ7sWn2Lh9fGpAe4uDtKoRiMvQ",
}
KEY = {
    "id": 6,
    "name": "the sheet of the night shift",
    "scopes": ["read", "write"],
    "organizer": 5,
    "created_at": "2026-11-20T22:04:11Z",
    "expires_at": None,
    "used_at": "2026-11-21T06:30:00Z",
}
LOCKDOWN = {"id": 1, "at": "2026-11-21T06:30:00Z", "reason": "A phone was seized.", "paused": [12]}
RETENTION = {
    "deliveries_days": 30,
    "conversations_days": 60,
    "copies": "delete",
    "items": [
        {
            "message_sid": "SM00000000000000000000000000000000",
            "since": "2026-11-20T22:04:11Z",
            "due_at": "2026-11-20T23:04:11Z",
            "tries": 1,
            "code": 20009,
        }
    ],
    "next": None,
}
READINESS = {"postgresql": "ok", "migrations": "ok", "redis": "ok", "workers": "ok"}
