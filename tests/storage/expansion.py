"""What a migration takes from the code of the release before it, read from PostgreSQL's own catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

# Indexes of partitions are those of their parent; alembic's own table is no code's.
_COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
           coalesce(pg_get_expr(d.adbin, d.adrelid), nullif(a.attidentity::text, ''))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attnum > 0 AND NOT a.attisdropped AND c.relname <> 'alembic_version'
"""
_CONSTRAINTS = """
    SELECT c.relname, replace(pg_get_constraintdef(k.oid), ' NOT VALID', '')
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n' AND NOT c.relispartition
    UNION
    SELECT c.relname, regexp_replace(pg_get_indexdef(i.indexrelid), '.* USING', 'UNIQUE USING')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT c.relispartition
"""
# Whoever deletes a row there is refused while one here names it.
_HOLDS = """
    SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
    WHERE contype = 'f' AND confdeltype IN ('a', 'r') AND connamespace = 'public'::regnamespace
"""


@dataclass(frozen=True, slots=True)
class Column:
    """``default``: what it holds where nobody says: an expression, or the letter of an identity."""

    kind: str
    may_be_null: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """``constraints``: (table, what it says), unique indexes too; ``holds``: (table, the one it names)."""

    columns: dict[str, dict[str, Column]]
    constraints: frozenset[tuple[str, str]]
    holds: frozenset[tuple[str, str]]


def catalogue(connection: psycopg.Connection) -> Catalogue:
    """The schema as it is now, in the transaction of ``connection``."""
    columns: dict[str, dict[str, Column]] = {}
    for table, name, kind, may_be_null, default in connection.execute(_COLUMNS):
        columns.setdefault(table, {})[name] = Column(kind, may_be_null, default)
    return Catalogue(
        columns,
        frozenset(connection.execute(_CONSTRAINTS).fetchall()),
        frozenset(connection.execute(_HOLDS).fetchall()),
    )


def taken_away(before: Catalogue, after: Catalogue) -> set[str]:
    """In words, each thing of the schema ``before`` that code written for it may miss, or stumble over."""
    return {*_of_tables(before, after), *_of_columns(before, after), *_of_constraints(before, after)}


def _of_tables(before: Catalogue, after: Catalogue) -> Iterator[str]:
    for table in before.columns.keys() - after.columns.keys():
        yield f"{table} is gone"


def _of_columns(before: Catalogue, after: Catalogue) -> Iterator[str]:
    for table in before.columns.keys() & after.columns.keys():
        were, are = before.columns[table], after.columns[table]
        for name, was in were.items():
            if name not in are:
                yield f"{table}.{name} is gone"
                continue
            now = are[name]
            if now.kind != was.kind:
                yield f"{table}.{name} is of another type"
            if now.may_be_null != was.may_be_null:
                # Written by the new code, NULL is read by the old one, which never met it there.
                yield f"{table}.{name} {'may' if now.may_be_null else 'must not'} be NULL now"
            if was.default is not None and now.default != was.default:
                yield f"{table}.{name} has another default"
        for name in are.keys() - were.keys():
            if not are[name].may_be_null and are[name].default is None:
                yield f"{table}.{name} must be given"


def _of_constraints(before: Catalogue, after: Catalogue) -> Iterator[str]:
    both = before.columns.keys() & after.columns.keys()
    for table, says in after.constraints - before.constraints:
        if table in both:
            yield f"{table} asks for more: {says}"
    for table, says in before.constraints - after.constraints:
        # ON CONFLICT names a key; a check told the old code which values there are.
        if table in both:
            yield f"{table} asks for less: {says}"
    for table, held in after.holds - before.holds:
        if table not in before.columns and held in before.columns:
            yield f"{table} keeps rows of {held} from being deleted"
