"""Whether this process lives, and whether the whole is ready to work."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from alerts.storage.engine import session_scope
from alerts.storage.migrate import newest, older
from alerts.storage.redis import workers_alive

OK = "ok"

router = APIRouter(tags=["health"])


class Readiness(BaseModel):
    """Each part, and what is wrong with it: "ok" where nothing is."""

    postgresql: str
    migrations: str
    redis: str
    workers: str


@router.get("/healthz")
async def healthz() -> str:
    """This process answers."""
    return "ok"


@router.get("/readyz", responses={503: {"model": Readiness}})
async def readyz(response: Response) -> Readiness:
    """Every part that sending needs is there; 503 where one is not."""
    found = await readiness()
    if any(verdict != OK for verdict in found.model_dump().values()):
        response.status_code = 503
    return found


async def readiness() -> Readiness:
    """How each part is, looked at now."""
    postgresql, migrations = await _database()
    cache, workers = await asyncio.to_thread(_motor)
    return Readiness(postgresql=postgresql, migrations=migrations, redis=cache, workers=workers)


async def _database() -> tuple[str, str]:
    try:
        async with session_scope() as session:
            migrated = await session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL"))
            found = migrated and await session.scalar(text("SELECT version_num FROM alembic_version"))
    except (SQLAlchemyError, OSError) as error:
        return f"away ({type(error).__name__})", "not known"
    lacking = not found or found in older()
    return OK, f"at {found or 'nothing'}, needs {newest()}: run alerts migrate" if lacking else OK


def _motor() -> tuple[str, str]:
    try:
        count = workers_alive()
    except (RedisError, OSError) as error:
        return f"away ({type(error).__name__})", "not known"
    return OK, OK if count else "none alive"
