"""Tables: organizers and their sessions, API keys and what they were answered, and the audit trail."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.language.languages import Language
from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import Digest, FindableText, PrivateJson, PrivateText
from alerts.team.actors import Role

# One numbering for all who may act, so that ``written_by`` and the audit trail name exactly one.
ACTORS = Sequence("actors_id_seq", metadata=Table.metadata)


class Organizer(Table):
    """A person who signs in. Their name, address and even the hash of their password are sealed.

    ``welcome``: the digest of a link with which they set a password and a second factor, until then.
    """

    __tablename__ = "organizers"

    id: Mapped[int] = mapped_column(BigInteger, ACTORS, server_default=ACTORS.next_value(), primary_key=True)
    email: Mapped[str] = mapped_column(FindableText("organizers.email"), unique=True)
    name: Mapped[str] = mapped_column(PrivateText("organizers.name"))
    phone: Mapped[str | None] = mapped_column(PrivateText("organizers.phone"))  # for alarms and tests
    role: Mapped[Role] = mapped_column(Text)
    may_read_numbers: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    language: Mapped[Language] = mapped_column(Text, server_default="en")
    password: Mapped[str | None] = mapped_column(PrivateText("organizers.password"))  # argon2id
    totp: Mapped[str | None] = mapped_column(PrivateText("organizers.totp"))  # the shared secret, base32
    totp_step: Mapped[int | None] = mapped_column(BigInteger)  # the last one used: a code works once
    welcome: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    welcome_until: Mapped[Moment | None]
    disabled_at: Mapped[Moment | None]
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("role IN ('viewer', 'organizer', 'admin')", name="role"),
        CheckConstraint("language ~ '^[a-z]{2,3}$'", name="language"),
    )


class RecoveryCode(Table):
    """Stands for the second factor once."""

    __tablename__ = "recovery_codes"

    organizer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"), primary_key=True
    )
    # Sealed: a hash of so few letters could be guessed.
    code: Mapped[str] = mapped_column(FindableText("recovery_codes.code"), primary_key=True)


class OrganizerSession(Table):
    """A browser in which an organizer has signed in; before the second factor it opens nothing."""

    __tablename__ = "organizer_sessions"

    id: Mapped[Key]
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256 of the cookie
    organizer_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"), index=True
    )
    complete: Mapped[bool] = mapped_column(Boolean)  # with the second factor
    network: Mapped[str] = mapped_column(Text)
    browser: Mapped[str] = mapped_column(PrivateText("organizer_sessions.browser"))
    created_at: Mapped[Now]
    seen_at: Mapped[Now]


class Guesses(Table):
    """How often somebody guessed wrong at one address, or from one network, whether it exists or not."""

    __tablename__ = "guesses"

    key: Mapped[bytes] = mapped_column(Digest, primary_key=True)
    wrong: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[Moment]


class ApiKey(Table):
    """A program's right to use the API. The key itself is shown once and never stored."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigInteger, ACTORS, server_default=ACTORS.next_value(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256 of the key
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Whose key it is: it may nothing that they may not. None: made on the server's command line.
    organizer_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("organizers.id", ondelete="CASCADE"), index=True
    )
    made_with: Mapped[int | None] = mapped_column(BigInteger)  # the key that made it: it ends with that one
    created_at: Mapped[Now]
    expires_at: Mapped[Moment | None]
    used_at: Mapped[Moment | None]  # to the minute
    revoked_at: Mapped[Moment | None]


class Idempotency(Table):
    """A POST that came with an ``Idempotency-Key``, and what it was answered."""

    __tablename__ = "idempotency"

    api_key_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)  # a keyed digest of it, in hexadecimal
    request: Mapped[bytes] = mapped_column(LargeBinary)  # empty; of the release before: what ``asked`` is
    # Set when the transaction that answers commits.
    # SHA-256 of path, query and body, sealed: a body with a number could be guessed from its hash.
    asked: Mapped[str | None] = mapped_column(PrivateText("idempotency.asked"))
    status: Mapped[int | None] = mapped_column(Integer)
    # None where it held a secret.
    answer: Mapped[str | None] = mapped_column(PrivateText("idempotency.answer"))
    created_at: Mapped[Now] = mapped_column(index=True)


class Press(Table):
    """A form of the pages that was sent, and what it was answered: sent again, it is not done again.

    ``digest``: of who sent what from where, keyed (``presses.digest_of``). ``leads_to``: the page that it led
    to; of one that was answered with a page or a cookie there is ``answer``, for a few minutes.
    """

    __tablename__ = "presses"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    # None: of somebody who was about to sign in.
    session_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("organizer_sessions.id", ondelete="CASCADE"), index=True
    )
    leads_to: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None] = mapped_column(PrivateJson("presses.answer"))
    created_at: Mapped[Now] = mapped_column(index=True)


class AuditEntry(Table):
    """Who did what to which thing, when and from where. Append-only: a trigger refuses every change (0006).

    A trigger puts each entry into ``audit_chain`` when its transaction commits (0010).
    """

    __tablename__ = "audit"

    id: Mapped[Key]
    at: Mapped[Now]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the clock, or the command line
    who: Mapped[str] = mapped_column(Text)  # the key's name then; of an organizer nothing but "organizer"
    network: Mapped[str | None] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    noun: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)  # the id of the thing
    facts: Mapped[dict[str, str | int | None]] = mapped_column(JSONB)

    __table_args__ = (
        Index("audit_noun_number_idx", "noun", "number"),
        Index("audit_noun_id_idx", "noun", "id"),
        Index("audit_actor_id_id_idx", "actor_id", "id"),
        Index("audit_opened_idx", "at", postgresql_where=text("noun = 'numbers'")),
        Index("audit_tested_idx", "at", postgresql_where=text("what = 'tested'")),
    )


class AuditLink(Table):
    """The chain over the audit trail: each hash covers an entry and the hash before it."""

    __tablename__ = "audit_chain"

    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit.id"), unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Alarm(Table):
    """Somebody opened unusually many numbers: the admins are to be told, by text."""

    __tablename__ = "alarms"

    id: Mapped[Key]
    actor_id: Mapped[int] = mapped_column(BigInteger)
    people: Mapped[int] = mapped_column(Integer)
    at: Mapped[Now]
    told_at: Mapped[Moment | None]


class Lockdown(Table):
    """From ``at`` on nothing is sent and nobody is signed in, until somebody ends it on the server."""

    __tablename__ = "lockdowns"

    id: Mapped[Key]
    at: Mapped[Now]
    reason: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[Moment | None]

    # One at a time. Workers look here before they claim.
    __table_args__ = (
        Index(
            "lockdowns_now_idx",
            text("(ended_at IS NULL)"),
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
