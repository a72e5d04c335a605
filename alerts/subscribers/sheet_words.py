"""Data: what columns and cells of spreadsheets say, in three languages, and why a row is refused.

Words are as ``word`` makes them: small letters, no accents.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from alerts.language.catalogs import N_
from alerts.language.languages import Language


class Column(StrEnum):
    """What a column may be; the rest is ignored."""

    PHONE = "phone"
    LANGUAGE = "language"
    TAGS = "tags"
    SOURCE = "consent source"
    DATE = "consent date"
    STANDING = "standing"
    OPTED_OUT = "opted out"


HEADERS: dict[str, Column] = {
    **dict.fromkeys(
        (
            "phone", "phone number", "mobile", "mobile number", "cell", "cell phone", "number",
            "telefono", "numero", "numero de telefono", "celular", "movil",
            "telefoon", "taleefan", "taleefoon", "lambar", "lambarka", "lambarka taleefanka",
        ),
        Column.PHONE,
    ),
    **dict.fromkeys(("language", "lang", "idioma", "lengua", "luqad", "luqadda", "af"), Column.LANGUAGE),
    **dict.fromkeys(("tags", "tag", "etiquetas", "etiqueta", "calaamado", "calaamad"), Column.TAGS),
    **dict.fromkeys(
        (
            "consent", "consent source", "source", "consentimiento", "fuente", "origen",
            "origen del consentimiento", "ogolaansho", "oggolaansho", "isha",
        ),
        Column.SOURCE,
    ),
    **dict.fromkeys(
        (
            "date", "consent date", "date of consent", "fecha", "fecha de consentimiento",
            "fecha del consentimiento", "taariikh", "taariikhda",
        ),
        Column.DATE,
    ),
    **dict.fromkeys(
        (
            "standing", "status", "subscription", "subscription status", "subscriber status", "sms status",
            "opt in status", "estado", "estatus", "situacion", "suscripcion", "estado de suscripcion",
            "estado de la suscripcion", "xaalad", "xaaladda",
        ),
        Column.STANDING,
    ),
    **dict.fromkeys(
        (
            "opted out", "opt out", "optout", "opted out at", "unsubscribed", "unsubscribed at", "unsub time",
            "do not text", "do not contact", "stop", "baja", "de baja", "dado de baja", "fecha de baja",
            "no enviar", "no contactar", "ka baxay", "jooji",
        ),
        Column.OPTED_OUT,
    ),
}  # fmt: skip
LANGUAGES = {name: language for language in Language for name in (language, *language.facts["in_sheets"])}


class Refused(StrEnum):
    """Why a row was not taken."""

    NO_PHONE = "no_phone"
    BAD_PHONE = "bad_phone"
    NOT_MOBILE = "not_mobile"
    ROUNDED = "rounded"
    NO_LANGUAGE = "no_language"
    BAD_LANGUAGE = "bad_language"
    NO_CONSENT = "no_consent"
    BAD_DATE = "bad_date"
    BROKEN = "broken"
    TWICE = "twice"
    LEFT = "left"
    FORGOTTEN = "forgotten"
    PENDING = "pending"
    UNREACHABLE = "unreachable"
    STRANGE_STANDING = "strange_standing"


# What files say of somebody's standing, our own export among them. None: they may be taken. What is not here
# may mean that they left, so nobody is taken for it.
STANDINGS: dict[str, Refused | None] = {
    **dict.fromkeys(
        (
            "active", "subscribed", "joined", "confirmed", "opted in", "opt in", "optin", "ok", "start",
            "activo", "activa", "suscrito", "suscrita", "inscrito", "inscrita", "alta", "de alta",
            "firfircoon", "ku jira",
        ),
        None,
    ),
    **dict.fromkeys(
        (
            "left", "unsubscribed", "unsubscribe", "opted out", "opt out", "optout", "stop", "stopped",
            "removed", "cancelled", "canceled", "blocked", "do not text", "do not contact", "dnc",
            "baja", "de baja", "dado de baja", "dada de baja", "salio", "se salio", "se fue",
            "cancelado", "cancelada", "bloqueado", "bloqueada", "alto",
            "ka baxay", "ka baxday", "baxay", "baxday", "jooji", "joojiyay",
        ),
        Refused.LEFT,
    ),
    **dict.fromkeys(
        (
            "pending", "unconfirmed", "not confirmed", "invited", "waiting",
            "pendiente", "sin confirmar", "no confirmado", "no confirmada", "invitado", "invitada",
            "sugaya", "lama xaqiijin",
        ),
        Refused.PENDING,
    ),
    **dict.fromkeys(
        (
            "unreachable", "bounced", "bouncing", "undeliverable", "invalid", "cleaned", "landline",
            "inalcanzable", "rebotado", "invalido", "lama gaari karo",
        ),
        Refused.UNREACHABLE,
    ),
}  # fmt: skip
# Of a column that asks for yes or no; a date says when they left.
LEFT_OR_NOT: dict[str, Refused | None] = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "x", "si", "s", "verdadero", "haa"), Refused.LEFT),
    **dict.fromkeys(("no", "n", "false", "f", "0", "falso", "maya"), None),
}


PLAIN: dict[Refused, str] = {
    Refused.NO_PHONE: N_("There is no phone number in this row."),
    Refused.BAD_PHONE: N_(
        "This is not a phone number. Write it with its area code, such as +1 909 555 0100."
    ),
    Refused.NOT_MOBILE: N_("This number is not a mobile phone's, so it cannot get texts."),
    Refused.ROUNDED: N_("The spreadsheet has rounded this number. Make the column text, and type it again."),
    Refused.NO_LANGUAGE: N_("There is no language in this row, and none was given for the file."),
    Refused.BAD_LANGUAGE: N_("This is none of our languages. Write a code, such as es."),
    Refused.NO_CONSENT: N_(
        "When and where did this person consent? Fill in both, or give them for the file."
    ),
    Refused.BAD_DATE: N_("This is no date, is still to come, or can be read in two ways. Write 2026-11-20."),
    Refused.BROKEN: N_("This row cannot be read: a quote is never closed, or it holds a zero octet."),
    Refused.TWICE: N_("The same number stands further up in this file."),
    Refused.LEFT: N_("This person left. Only their own text brings them back."),
    Refused.FORGOTTEN: N_("This person asked to be forgotten. Only their own text brings them back."),
    Refused.PENDING: N_("The file says that this person has not said yes yet. They can text a join word."),
    Refused.UNREACHABLE: N_("The file says that this number gets no texts."),
    Refused.STRANGE_STANDING: N_(
        "We do not know this standing, and it could mean that they left. Write active or left. If the column"
        " is about something else, give it another name."
    ),
}


def word(text: str) -> str:
    """As the tables have it: small letters without accents, and spaces for what joins words."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    return " ".join(plain.replace("_", " ").replace("-", " ").split())
