"""Destroying a deployment: the keys first, so that what is left of the data is noise."""

from __future__ import annotations

import os
import re
from pathlib import Path

import psycopg
from psycopg import sql
from redis import Redis

from alerts.storage.tables import Table

KEYS = re.compile(rb"^(?:export[ \t]+)?SEALING_KEYS[ \t]*=.*\n?", re.MULTILINE)

NO_KEY_ERASED = (
    "NO KEY WAS ERASED: SEALING_KEYS stand where your settings stand, and open every backup and every older "
    "copy of the database. Erase them there now; a file, as root: shred -u FILE"
)
WHAT_REMAINS = """
What this did not reach, and what somebody could still do with it:
- Backups are still where you put them, those of your host, too. Whoever has the keys opens them.
- Processes that run have the keys in memory until you end them. End them now.
- SEALING_KEYS may stand elsewhere: in your host's settings, a shell's history, a password manager, a
  colleague's laptop. Whoever finds it there, and an older backup or copy of the database's disk, reads
  all that was in it: every number, and what workers wrote. Destroy each copy of the keys.
- Without the keys, backups and copies of the disk show lists, times, languages and counts, and that
  numbers repeat; no number, no name and no text.
- Twilio knows whom you texted: delete its messages and logs, or close the account. Phone companies
  keep records that you cannot delete, and give them to whoever has a court's order.
- On each worker's phone the texts are still there.
"""


def destroy_keys(path: Path) -> bool:
    """Overwrite SEALING_KEYS in the file at ``path``, and take it out. Whether it was there.

    On a disk that writes elsewhere (an SSD, a copying file system) the old octets may be there still.
    Raises OSError, with nothing changed, where the file may not be read and written.
    """
    with path.open("r+b") as file:
        text = file.read()
        if not KEYS.search(text):
            return False
        file.seek(0)
        file.write(KEYS.sub(lambda found: b"#" * (len(found[0]) - 1) + b"\n", text))
        file.flush()
        os.fsync(file.fileno())
        file.seek(0)
        file.write(KEYS.sub(b"", text))
        file.truncate()
        os.fsync(file.fileno())
    return True


def destroy_data(url: str, redis_url: str) -> None:
    """Empty every table and all of this Redis database. Raises psycopg.Error, RedisError."""
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL alerts.destroying = 'yes'")
        names = sql.SQL(", ").join(sql.Identifier(table.name) for table in Table.metadata.sorted_tables)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))
    with Redis.from_url(redis_url) as redis:
        redis.flushdb()
