"""Which languages there are is said by the code and its folders, no longer by each table.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHECKS = {
    "subscribers": "subscribers_language_check",
    "join_words": "join_words_language_check",
    "organizers": "organizers_language_check",
}


def upgrade() -> None:
    _say("language ~ '^[a-z]{2,3}$'")


def downgrade() -> None:
    _say("language IN ('en', 'es', 'so')")


def _say(condition: str) -> None:
    for table, name in CHECKS.items():
        op.drop_constraint(op.f(name), table, type_="check")
        op.create_check_constraint(op.f(name), table, condition, postgresql_not_valid=True)
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
