"""One worker's share of all sending: look, pace, claim, send, record, until nothing is owed.

Any number of workers on any number of machines do this at the same time. The order matters: a
worker first gets leave from the sender's pace, then claims as many texts as that allows, commits,
and sends at once. So no claimed text waits long in a worker's memory: pausing, cancelling and
leaving need only be seen by the next claim, and by a second look at what could not go soon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import AsyncConnection
from redis.exceptions import RedisError

from alerts.broadcasts.batches import LETTERS, LOOK_AGAIN_SECONDS, Batch, Text, UnderWay
from alerts.broadcasts.claims import Claimed, claim, claim_letters
from alerts.broadcasts.fanout import prepare
from alerts.broadcasts.hours import ListHours
from alerts.broadcasts.hours import closed as closed_lists
from alerts.broadcasts.outcomes import Recorder
from alerts.broadcasts.statements import FINISH, LETTERS_WAITING, UNDER_WAY
from alerts.broadcasts.stumbles import noted, went_well
from alerts.broadcasts.voices import list_hours
from alerts.carrier.codes import Remedy, code
from alerts.carrier.flight import LEAST, Flight
from alerts.carrier.pacing import Pacer, Rank, label_of
from alerts.carrier.sending import Accepted, Carrier, NotTaken, NotWanted, Outcome, Refused, Unknown
from alerts.language.segments import segments
from alerts.storage.engine import DATABASE_AWAY, autocommit, session_scope
from alerts.storage.meters import PARTS, count
from alerts.storage.sealing import sealer

BATCH = 600  # texts a claim, at most
IN_FLIGHT = 500  # requests at once, at most
AHEAD_SECONDS = 0.1  # so long before there are slots for them the next texts are claimed
ROUND_SECONDS = 0.4  # how often a worker looks which alerts are under way
LOOK_AHEAD_SECONDS = 0.1  # so long before a round is over it looks for the next, and goes on sending
STINT_SECONDS = 10.0  # how long it goes on before it gives the queue a chance
FULL_SECONDS = 60.0  # a sender rests when its queue at the carrier is full
UNREACHED_SECONDS = 5.0  # and when the carrier cannot be reached at all, or after
MOST_UNSURE = 20  # texts in a row to which it gave no sure answer: each is to be looked up
LANDING_SECONDS = 6.0  # so long, once told to stop, requests under way may take; the rest is settled
MOST_UNWRITTEN = 4_000  # outcomes; while PostgreSQL is away no more is sent than can be remembered

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Said:
    """What the carrier said of a sender since its pace was last told."""

    slow: int = 0  # message parts that it asked to be patient with, or gave no sure answer to
    full: bool = False  # the sender's queue there
    unreached: bool = False  # no connection was made, or nothing was answered for sure
    unsure: int = 0  # texts in a row without a sure answer, until now

    def hear(self, outcome: Outcome, parts: int) -> None:
        """What it said of one text."""
        if isinstance(outcome, Accepted):
            self.unsure = 0
        elif isinstance(outcome, Unknown):
            self.slow += parts
            self.unsure += 1
            self.unreached |= self.unsure >= MOST_UNSURE
        elif isinstance(outcome, Refused):
            self.unsure = 0
        elif isinstance(outcome, NotTaken):
            remedy = code(outcome.code).remedy
            self.slow += parts if remedy is Remedy.SLOW else 0
            self.full |= remedy is Remedy.HOLD
            self.unreached |= outcome.code is None
            self.unsure = 0


class Dispatch:
    """Sends what is owed from ``senders``, until told to ``stop``."""

    def __init__(
        self,
        carrier: Carrier,
        pacer: Pacer,
        senders: Sequence[str],
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._carrier = carrier
        self._pacer = pacer
        self._senders = senders
        self._told_to_stop = asyncio.Event()
        self._flight = Flight(in_flight, self._send)
        self._preparing: dict[int, asyncio.Task[None]] = {}
        self._ahead: list[UnderWay] | None = None  # what was seen for the next round
        self._room = asyncio.Event()
        self._recorder = Recorder(self._room)
        self._said = {sender: Said() for sender in senders}
        self._ask_at: dict[tuple[str, Rank], float] = {}  # when the pace is to be asked again
        self._seen: dict[tuple[int, str], int] = {}  # the last delivery claimed, of an alert and a sender
        self._texts: dict[int, tuple[Mapping[str, str], Mapping[str, int]]] = {}
        self._hours: list[ListHours] = []
        self._given: dict[int, int] = {}  # parts of each alert in this stint
        self._claimed = 0
        self._claims: AsyncConnection
        self._claiming = asyncio.Lock()  # one connection for all senders

    async def stint(self, seconds: float = STINT_SECONDS) -> int:
        """Send what is owed, for about ``seconds`` at most. How many texts were claimed."""
        until = self._now() + seconds
        self._claimed = 0
        self._ahead = None
        self._seen.clear()
        self._given.clear()
        self._flight.begin()
        self._recorder = Recorder(self._room)
        recording = asyncio.create_task(self._recorder.run())
        try:
            more = True
            while more and self._goes_on(until):
                try:
                    more = await self._rounds(until)
                except DATABASE_AWAY as error:
                    await self._database_away(error)
        finally:
            await self._flight.landed()
            if self._preparing:
                await asyncio.wait(self._preparing.values())
            self._recorder.close()
            await recording
        with suppress(*DATABASE_AWAY):  # else the clock does it
            async with session_scope() as session:
                await session.execute(FINISH)
        return self._claimed

    def stop(self) -> None:
        """For good, on the loop of the stint: what was claimed and not begun goes back to waiting at once.

        What the carrier has not answered LANDING_SECONDS later is given up, and settled like what a
        killed worker left.
        """
        self._told_to_stop.set()
        self._flight.let_all_through()
        self._room.set()
        asyncio.get_running_loop().call_later(LANDING_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._flight.cancel()
        for task in self._preparing.values():
            task.cancel()

    @staticmethod
    async def _database_away(error: Exception) -> None:
        log.warning("postgresql is away: error=%s", type(error).__name__)
        await asyncio.sleep(ROUND_SECONDS)

    async def _rounds(self, until: float) -> bool:
        more = True
        async with autocommit() as self._claims:
            while more and self._goes_on(until) and not self._claims.closed:
                more = await self._round()
        return more

    async def _round(self) -> bool:
        """Look which alerts are under way and send them for a moment. Whether there may be more."""
        ahead, self._ahead = self._ahead, None
        alerts = await self._look() if ahead is None else ahead
        ready = [alert for alert in alerts if not alert.unwritten]
        for alert in alerts:
            if alert.unwritten and alert.id not in self._preparing:
                self._preparing[alert.id] = asyncio.create_task(self._prepare(alert.id))
        if ready:
            more = any(await self._send_all(ready)) or bool(self._preparing)
            return more or await self._any_written({alert.id for alert in alerts if alert.unwritten})
        if self._preparing:
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait(self._preparing.values(), timeout=ROUND_SECONDS, return_when=first)
            return bool(self._preparing) or await self._any_written({alert.id for alert in alerts})
        return False

    async def _any_written(self, were_not: set[int]) -> bool:
        return bool(were_not) and any(
            alert.id in were_not and not alert.unwritten for alert in await self._look()
        )

    async def _look(self) -> list[UnderWay]:
        async with session_scope() as session:
            letters = (await session.execute(LETTERS_WAITING)).all()
            rows = (await session.execute(UNDER_WAY)).all()
            if rows:
                self._hours = await list_hours(session)
        texts = {}
        for row in rows:
            async with noted(row.id):
                texts[row.id] = self._texts.get(row.id) or _measured(row.sealed_bodies)
        self._texts = texts
        return [
            *(
                UnderWay(LETTERS, Rank.REPLY, {}, {"": longest}, unwritten=False, sender=sender)
                for sender, longest in letters
            ),
            *(
                UnderWay(
                    row.id,
                    _rank(row.urgent, row.reminds),
                    *self._texts[row.id],
                    row.unwritten,
                    stumbled=row.stumbled,
                )
                for row in rows
                if row.id in texts
            ),
        ]

    async def _prepare(self, alert_id: int) -> None:
        written = None
        try:
            async with noted(alert_id), session_scope() as session:
                written = await prepare(session, alert_id, self._senders)
            if written is not None:
                log.info("deliveries written: alert=%s deliveries=%s", alert_id, written)
        except DATABASE_AWAY as error:
            await self._database_away(error)
        finally:
            del self._preparing[alert_id]

    async def _send_all(self, alerts: list[UnderWay]) -> list[bool]:
        """From each sender, for a round. Whether there may be more of each."""
        until = self._now() + ROUND_SECONDS
        sending = asyncio.gather(
            *(
                self._send_from(sender, [one for one in alerts if one.goes_from(sender)], until)
                for sender in self._senders
            )
        )
        try:
            done, _ = await asyncio.wait([sending], timeout=ROUND_SECONDS - LOOK_AHEAD_SECONDS)
            if not done:
                self._ahead = await self._look()
        except asyncio.CancelledError:
            sending.cancel()
            raise
        finally:
            more = await sending
        if self._now() > until + LOOK_AHEAD_SECONDS:  # it took long, and what was seen is old
            self._ahead = None
        return more

    async def _send_from(self, sender: str, alerts: list[UnderWay], until: float) -> bool:
        """Letters first, then urgent alerts, those of one rank in equal shares. Whether there may be more."""
        while alerts and self._goes_on(until):
            await self._has_room()
            if self._told_to_stop.is_set():
                break
            alert, more = self._next(alerts), False
            async with noted(alert.id):
                parts = await self._leave_for(sender, alert, until)
                more = not parts or await self._claim(sender, alert, parts)
            if not more:
                alerts.remove(alert)
        return bool(alerts)

    def _next(self, alerts: list[UnderWay]) -> UnderWay:
        first = [alert for alert in alerts if alert.rank == alerts[0].rank]
        least = min((self._given[alert.id] for alert in first if alert.id in self._given), default=0)
        for alert in first:  # one that has just come has no arrears
            self._given.setdefault(alert.id, least)
        return min(first, key=lambda alert: self._given[alert.id])

    async def _has_room(self) -> None:
        """Until there is a slot for what is claimed next, and what was sent before is written down."""
        while not self._told_to_stop.is_set() and (
            len(self._flight) > self._flight.limit + self._flight.rate * AHEAD_SECONDS
            or self._recorder.unwritten > MOST_UNWRITTEN
        ):
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), ROUND_SECONDS)

    async def _leave_for(self, sender: str, alert: UnderWay, until: float) -> int:
        """Parts that the sender's pace lets go now: at least one text of the alert, or 0 after a wait."""
        asking = sender, alert.rank
        wait = self._ask_at.get(asking, 0.0) - self._now()
        if wait > 0:
            await asyncio.sleep(min(wait, max(0.0, until - self._now())))
            if self._now() < self._ask_at[asking]:
                return 0
        try:
            await self._tell_pace(sender)
            # No more than go soon: what waits for long is to be looked at again.
            texts = min(BATCH, max(LEAST, round(self._flight.rate * AHEAD_SECONDS)))
            grant = await self._pacer.take(sender, alert.rank, alert.most_parts, alert.most_parts * texts)
        except RedisError as error:
            # Without leave nothing goes out; what is owed stands in PostgreSQL.
            log.warning("redis is away, nothing is sent: error=%s", type(error).__name__)
            self._ask_at[asking] = self._now() + ROUND_SECONDS
            return 0
        self._ask_at[asking] = self._now() + grant.again
        return int(grant.parts)

    async def _tell_pace(self, sender: str) -> None:
        said = self._said[sender]
        self._said[sender] = Said(unsure=said.unsure)
        if said.slow:
            share = await self._pacer.slow_down(sender, said.slow)
            log.warning("the carrier asks for patience: parts=%s share=%.2f", said.slow, share)
        if said.full:
            log.error("our sender's queue at the carrier is full: rests=%ss", FULL_SECONDS)
            await self._pacer.hold(sender, FULL_SECONDS)
        if said.unreached:
            log.error("the carrier cannot be reached, or knows no answer: rests=%ss", UNREACHED_SECONDS)
            await self._pacer.hold(sender, UNREACHED_SECONDS)

    async def _claim(self, sender: str, alert: UnderWay, parts: int) -> bool:
        """Claim as many texts as ``parts`` allow, and begin to send them. Whether there may be more."""
        wanted = parts // alert.most_parts
        rows: list[Claimed] = []
        claimed_at = self._now()
        try:
            async with noted(alert.id), self._claiming:
                claimed_at = self._now()  # before, as the answer may come late
                rows = await self._claim_rows(sender, alert, wanted)
        except DATABASE_AWAY as error:
            await self._database_away(error)
            return True
        batch = Batch(claimed_at)
        used = 0
        for one in rows:
            if one.phone:
                used += alert.text_for(one)[1]
                batch.unsent[one.id] = one.attempt
                self._flight.add(Text(sender, alert, one, batch))
        self._claimed += len(rows)
        count(PARTS, label_of(sender), by=used)
        self._given[alert.id] += used
        if rows and alert.stumbled:
            with suppress(*DATABASE_AWAY):
                await went_well(alert.id)
        more = len(rows) == wanted
        if used != parts:  # more, where a letter came that is longer than those that were seen
            with suppress(RedisError):
                await self._pacer.give_back(sender, parts - used, None if more else alert.rank)
        return more

    async def _claim_rows(self, sender: str, alert: UnderWay, wanted: int) -> list[Claimed]:
        if alert.id == LETTERS:
            return await claim_letters(self._claims, sender, wanted)
        after = self._seen.get((alert.id, sender), 0)
        closed = self._closed()
        rows = await claim(self._claims, alert.id, sender, wanted, after, closed)
        if after and len(rows) < wanted:  # what came back to waiting meanwhile lies behind
            rows += await claim(self._claims, alert.id, sender, wanted - len(rows), 0, closed)
        self._seen[alert.id, sender] = max((one.id for one in rows), default=0)
        return rows

    def _closed(self) -> dict[int, datetime]:
        return closed_lists(self._hours, datetime.now(UTC))

    async def _send(self, text: Text, began: float) -> None:
        """Send one text, once, and note what came of it."""
        sender, alert, one, batch = text
        body, parts = alert.text_for(one)
        try:
            outcome: Outcome | None = None
            if began - batch.looked_at > LOOK_AGAIN_SECONDS:
                outcome = await batch.look_again(one.id, began, self._closed())
            batch.unsent.pop(one.id, None)
            if self._told_to_stop.is_set():
                outcome = outcome or NotWanted(left=False)
            outcome = outcome or await self._carrier.send(sender, one.phone, body, one.id)
        except asyncio.CancelledError:  # given up; the request may have left
            outcome = Unknown()
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have left
            told = "sending failed: alert=%s delivery=%s error=%s"
            log.error(told, alert.id, one.id, type(error).__name__)  # noqa: TRY400
            outcome = Unknown()
        self._said[sender].hear(outcome, parts)
        if (
            isinstance(outcome, NotTaken)
            and alert.id == LETTERS
            and code(outcome.code).remedy is Remedy.PAUSE
        ):
            outcome = Refused(outcome.code)  # nobody could resume it: an organizer sees
        self._recorder.add(one, outcome)
        self._room.set()

    def _goes_on(self, until: float) -> bool:
        return self._now() < until and not self._told_to_stop.is_set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _measured(sealed: bytes | None) -> tuple[Mapping[str, str], Mapping[str, int]]:
    bodies: Mapping[str, str] = sealer().open_json("alerts.bodies", sealed) if sealed else {}
    return bodies, {language: segments(body).parts for language, body in bodies.items()}


def _rank(urgent: bool, reminds: bool) -> Rank:
    if urgent:
        return Rank.URGENT
    return Rank.REMINDER if reminds else Rank.ALERT
