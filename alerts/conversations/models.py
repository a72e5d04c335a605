"""Tables: what workers texted, and what was answered."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Now, Table
from alerts.storage.types import FindableText, PrivateText


class Reply(Table):
    """A text from a worker: what it meant, and what it was answered.

    The answer is kept so that the same MessageSid, delivered twice by Twilio, gets the same answer
    and changes nothing.
    """

    __tablename__ = "replies"

    id: Mapped[Key]
    message_sid: Mapped[str] = mapped_column(Text, unique=True)
    phone: Mapped[str] = mapped_column(FindableText("replies.phone"), index=True)
    subscriber_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="SET NULL"), index=True
    )
    body: Mapped[str] = mapped_column(PrivateText("replies.body"))
    media: Mapped[int]  # how many pictures came with it; they are noted, never fetched
    intent: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(PrivateText("replies.answer"))
    received_at: Mapped[Now]
