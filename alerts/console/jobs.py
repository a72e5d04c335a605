"""Page for admins: workers, what waits for them, and jobs that failed.

Ours and not rq-dashboard: see docs/decisions/jobs-page.md.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response
from redis.exceptions import RedisError

from alerts.console.doors import CHECKED, Admin, Chosen, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.said import go_saying
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.storage import jobs
from alerts.team import audit
from alerts.team.access import Session
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/team/jobs", include_in_schema=False, route_class=FormRoute)
PATH = "/team/jobs"


@router.get("")
async def jobs_page(admin: Admin, language: Chosen = None) -> Response:
    """How the workers are doing."""
    return await _page(admin, language_of(admin, language))


async def _page(admin: SignedIn, read: Language, error: DomainError | None = None) -> Response:
    says = told(read, error)
    try:
        found = await jobs.jobs()
    except (RedisError, OSError):
        found = None
        says = {"status": 503, "trouble": tr(read, "The queue is away. What is owed is not lost.")}
    return page(
        "jobs.html",
        read,
        PATH,
        reader=admin,
        title=tr(read, "Jobs and workers"),
        **says,
        found=found,
        workers=[
            (one.host, one.pid, as_read(one.since, read), as_read(one.seen, read), one.job)
            for one in (found.workers if found else ())
        ],
        failed=[
            (one.id, one.name, as_read(one.at, read), one.request, one.trace)
            for one in (found.failed if found else ())
        ],
    )


@router.post("/{job_id}/again", dependencies=CHECKED)
async def again(job_id: UUID, session: Session, admin: Admin, language: Chosen = None) -> Response:
    """A job that failed is done once more."""
    try:
        name = await jobs.put_back(str(job_id))
    except DomainError as error:
        return await _page(admin, language_of(admin, language), error)
    audit.note(session, admin.actor, "put back", "job", 0, job=str(job_id), name=name)
    return go_saying(PATH, "again")


@router.post("/{job_id}/delete", dependencies=CHECKED)
async def delete(job_id: UUID, session: Session, admin: Admin, language: Chosen = None) -> Response:
    """A job that failed is forgotten."""
    try:
        name = await jobs.delete(str(job_id))
    except DomainError as error:
        return await _page(admin, language_of(admin, language), error)
    audit.note(session, admin.actor, "deleted", "job", 0, job=str(job_id), name=name)
    return go_saying(PATH, "removed")
