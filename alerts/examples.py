"""An example of every call of the API, by the name of its operation, for the document.

tests/contract holds each against its schema: a field that comes or goes must come or go here.
"""

from __future__ import annotations

from typing import Any

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
NOBODY_ELSE: dict[str, Any] = {
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
    "moved_at": "2026-11-21T13:02:44Z",
}
SAID = {
    "at": "2026-11-21T13:02:44Z",
    "by": "worker",
    "text": "hay raite desde Burnsville?",
    "intent": "message",
    "media": 0,
    "state": None,
}
CANNED = {"name": "Bus", "text": {"en": "The bus leaves at 6.", "es": "El bus sale a las 6."}}
AUDIT = {
    "id": 31,
    "at": "2026-12-01T17:20:00Z",
    "who": "Rosa's phone",
    "api_key": 2,
    "what": "approved",
    "noun": "alert",
    "number": 12,
    "facts": {"version": "3f9a1c0b7d52e684", "people": 284},
}
READINESS = {"postgresql": "ok", "migrations": "ok", "redis": "ok", "workers": "ok"}


def _page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next": None}


REQUESTS: dict[str, Any] = {
    "create_list": NEW_LIST,
    "change_list": {"hours": {"opens": "20:00", "closes": "06:00"}},
    "add_subscriber": NEW_SUBSCRIBER,
    "find_subscriber": {"phone": "+1 909 555 0101"},
    "change_subscriber": {"tags": ["night shift"]},
    "proof_of_consent": {"phone": "+1 909 555 0101"},
    "create_action": NEW_ACTION,
    "change_action": {"place": "San Bernardino, gate 3"},
    "create_reminder": {"before": "P1D", "answers": ["yes", "maybe"], "text": REMINDER_TEXT},
    "use_kit": {"kit": KIT, "lists": [1], "place": "Shakopee, gate 3", "timezone": "America/Chicago"},
    "create_alert": NEW_ALERT,
    "count_audience": {"lists": [1], "languages": ["es"], "without": [{"tags": ["picker"]}]},
    "change_alert": {"send_before": None, "send_at": "2026-12-03T09:00:00"},
    "test_send": {"phone": "+1 909 555 0101", "languages": ["es"]},
    "approve": {"version": "3f9a1c0b7d52e684"},
    "create_template": {"name": TEMPLATE["name"], "text": TEXT},
    "change_template": {"text": TEXT},
    "write": {"text": "Si, sale a las 6 de la clinica."},
    "take": {"name": "Rosa"},
    "add_canned_answer": CANNED,
}
ANSWERS: dict[str, Any] = {
    "create_list": LIST,
    "page_of_lists": _page(LIST),
    "get_list": LIST,
    "change_list": LIST,
    "add_subscriber": SUBSCRIBER,
    "page_of_subscribers": _page(SUBSCRIBER),
    "find_subscriber": SUBSCRIBER,
    "get_subscriber": SUBSCRIBER,
    "change_subscriber": SUBSCRIBER,
    "remove_subscriber": {**SUBSCRIBER, "standing": "left"},
    "page_of_consent": _page(CONSENT),
    "proof_of_consent": PROOF,
    "import_subscribers": {**IMPORT, "state": "waiting", "read": 0, "taken": 0, "refused": {}},
    "page_of_imports": _page(IMPORT),
    "get_import": IMPORT,
    "take_back_import": {**IMPORT, "state": "taking back"},
    "create_action": ACTION,
    "page_of_actions": _page(ACTION),
    "get_action": ACTION,
    "change_action": ACTION,
    "cancel_action": {**ACTION, "cancelled_at": "2026-12-01T17:20:00Z"},
    "page_of_rsvps": _page(RSVP),
    "summary": {"action": 4, "answers": COUNT, "languages": {"es": COUNT}},
    "create_reminder": REMINDER,
    "page_of_reminders": _page(REMINDER),
    "export_kit": KIT,
    "use_kit": {"action": 5, "alerts": [15, 16]},
    "offered_correction": {"people": 284, "languages": {"es": 284}, "text": CORRECTION_TEXT},
    "draft_correction": CORRECTION,
    "create_alert": DRAFT,
    "page_of_alerts": _page(ALERT),
    "count_audience": AUDIENCE,
    "get_alert": ALERT,
    "change_alert": DRAFT,
    "preview": PREVIEW,
    "test_send": {"languages": ["es"]},
    "approve": {**DRAFT, "approved": True},
    "send": ALERT,
    "undo": DRAFT,
    "pause": {**ALERT, "state": "paused"},
    "resume": SENDING,
    "cancel": {**ALERT, "state": "cancelled"},
    "report": REPORT,
    "page_of_deliveries": _page(DELIVERY),
    "whole_report_of_alert": WHOLE_REPORT,
    "report_of_action": WHOLE_REPORT,
    "create_template": {**TEMPLATE, "version": 1},
    "page_of_templates": _page(TEMPLATE),
    "get_template": TEMPLATE,
    "change_template": TEMPLATE,
    "page_of_versions": _page(TEMPLATE),
    "page_of_conversations": {"items": [CONVERSATION], "next": None},
    "get_conversation": {**CONVERSATION, "texts": [SAID]},
    "write": {**CONVERSATION, "state": "waiting", "unread": 0},
    "take": {**CONVERSATION, "taken_by": "Rosa"},
    "close": {**CONVERSATION, "state": "closed"},
    "page_of_canned_answers": _page({"id": 1, **CANNED}),
    "add_canned_answer": {"id": 1, **CANNED},
    "page_of_audit": _page(AUDIT),
    "healthz": "ok",
    "readyz": READINESS,
}
