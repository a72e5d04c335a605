"""Pages: action kits: an action and its texts, to another organization and from one, without a number."""

from __future__ import annotations

from zoneinfo import available_timezones

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import kits
from alerts.broadcasts.kits import Kit, KitUse
from alerts.broadcasts.timing import in_utc
from alerts.console.doors import Chosen, Fields, FileWriter, Viewer, Writer, claim_theirs, go, language_of
from alerts.console.fields import NotFilledIn, chosen, local_time, shaped
from alerts.console.once import DoneBefore, FormRoute
from alerts.console.pages import page
from alerts.console.troubles import told
from alerts.console.uploads import fields_of, upload_of
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.subscribers.lists import lists_by_name
from alerts.team.access import Id, Session
from alerts.team.audit import note
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/actions", include_in_schema=False, route_class=FormRoute)
MOST_OCTETS = 200_000  # of a kit


@router.get("/{action_id}/kit")
async def kit_file(action_id: Id, session: Session, reader: Viewer) -> Response:
    """The action and its texts as one file, to be kept."""
    note(session, reader.actor, "made a kit of", "action", action_id)
    kit = await kits.kit_of(session, action_id)
    headers = {"Content-Disposition": f'attachment; filename="action-kit-{action_id}.json"'}
    return Response(kit.model_dump_json(indent=2), media_type="application/json", headers=headers)


@router.get("/kit")
async def kit_form(session: Session, reader: Writer, language: Chosen = None) -> Response:
    """A form for such a file, and what is different here."""
    return await _form(session, reader, language_of(reader, language), {})


@router.post("/kit")
async def use_kit(
    request: Request, session: Session, reader: FileWriter, language: Chosen = None
) -> Response:
    """Make the action of a kit, and drafts of its texts. Nothing goes out."""
    upload = upload_of(request)
    form, press = await fields_of(request, upload, reader)
    try:
        octets = bytearray()
        async for piece in upload.pieces():
            octets += piece
            if len(octets) > MOST_OCTETS:
                raise NotFilledIn(("kit",))
        await claim_theirs(request, session, press, reader)
        use = shaped(KitUse, _use(form, _kit(bytes(octets))))
        async with session.begin_nested():
            made = await kits.use_kit(session, use, reader.actor)
    except DoneBefore:
        await upload.rest()
        raise
    except DomainError as error:
        await upload.rest()
        return await _form(session, reader, language_of(reader, language), form, error)
    return go(f"/actions/{made.action.id}")


def _kit(octets: bytes) -> Kit:
    """Raises NotFilledIn."""
    try:
        return Kit.model_validate_json(octets)
    except ValidationError:
        raise NotFilledIn(("kit",)) from None


def _use(form: Fields, kit: Kit) -> dict[str, object]:
    """The kit and what is different here; what was left empty is as in the kit. Raises NotFilledIn."""
    zone = form.get("timezone", "").strip()
    if zone and zone not in available_timezones():
        raise NotFilledIn(("timezone",))
    given: dict[str, object] = {"kit": kit, "lists": chosen(form, "list")}
    given |= {"timezone": zone or None, "place": form.get("place", "").strip() or None}
    for name in ("starts", "ends"):
        if form.get(name):
            given[f"{name}_at"] = in_utc(local_time(form, name), zone or kit.action.timezone)
    return given


async def _form(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    filled: Fields,
    error: DomainError | None = None,
) -> Response:
    return page(
        "kit_form.html",
        read,
        "/actions/kit",
        reader=reader,
        title=tr(read, "Use another organization's kit"),
        filled=filled,
        lists=await lists_by_name(session),
        **told(read, error),
    )
