"""What to be woken for, in one table: ``docs/runbook.md`` and the rules for Prometheus are made from it.

``python -m alerts.alarms`` writes both; a test holds that they are what the table says, and that every figure in
a condition is one that ``/metrics`` has.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """Whether somebody is woken."""

    PAGE = "page"
    TICKET = "ticket"


SEVERITIES = {
    Severity.PAGE: "wake somebody: texts do not go out, or people cannot answer",
    Severity.TICKET: "today, in the daytime",
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """``when``: PromQL that is true while something is wrong; it must have been so for ``minutes``."""

    name: str
    severity: Severity
    when: str
    minutes: int
    says: str
    means: str
    to_do: tuple[str, ...]


_LOOK = "`alerts check` on the server says what is wrong with each part, and how to mend it."
_JOBS = "**The team → Jobs and workers** shows workers, what waits, and jobs that failed."

ALARMS = (
    Alarm(
        "AlertsDown",
        Severity.PAGE,
        'up{job="alerts"} == 0',
        2,
        "The web process does not answer Prometheus",
        "Twilio cannot reach us either, most likely: texts of workers get no answer. Twilio tries again where our "
        "webhooks ask for it, and what is owed to anybody stands in PostgreSQL. Nothing is lost yet.",
        (
            "Does `/healthz` answer, from here and from outside? If only from here: the proxy, its certificate, DNS.",
            "If not: is the process up (`systemctl status alerts-web`, or the host's dashboard)? Its log says why not.",
            "If `/healthz` answers and `/metrics` does not: `METRICS_TOKEN` is another one than Prometheus has.",
        ),
    ),
    Alarm(
        "AlertsDatabaseAway",
        Severity.PAGE,
        'alerts_ready{part="postgresql"} == 0',
        1,
        "PostgreSQL does not answer",
        "Nothing is sent and no text of a worker is answered: both write before they act. When it is back, work goes "
        "on by itself, and what may have left meanwhile is settled with the carrier, not sent again.",
        (
            "Is PostgreSQL up, is its disk full, are its connections used up (`SELECT count(*) FROM pg_stat_activity`)?",
            "Restarting it is safe at any moment, also in mid-send.",
            "If the database is lost: [backups](decisions/sealing-keys.md); `alerts restore` needs the `SEALING_KEYS` of then.",
        ),
    ),
    Alarm(
        "AlertsRedisAway",
        Severity.PAGE,
        'alerts_ready{part="redis"} == 0',
        2,
        "Redis does not answer",
        "Texts of workers are answered; alerts wait, because without the pace nothing goes out. Nothing in Redis is "
        "needed: emptied or new, it is filled again from PostgreSQL within seconds.",
        (
            "Is it up, and out of memory? It needs a few MB: whatever fills it is not ours, or thousands of jobs that "
            "no worker takes.",
            "A new, empty one will do. Set `REDIS_URL` and restart web, worker and clock.",
        ),
    ),
    Alarm(
        "AlertsSchemaBehind",
        Severity.PAGE,
        'alerts_ready{part="migrations"} == 0 and on() alerts_ready{part="postgresql"} == 1',
        5,
        "The database is not at the schema that this code needs",
        "A release did not migrate, or one host runs older code.",
        (
            "Run `alerts migrate`; the release phase of the Procfile does it.",
            "Are all hosts at the same version?",
        ),
    ),
    Alarm(
        "AlertsNoWorkers",
        Severity.PAGE,
        "alerts_workers == 0",
        2,
        "No worker is alive",
        "Nothing is sent; texts of workers are answered. What is owed waits in PostgreSQL.",
        (
            "Is `worker` up? Its log says why it ended; `python -m workers.worker` by hand shows it at once.",
            "An alarm by text cannot go out now: workers send those, too.",
        ),
    ),
    Alarm(
        "AlertsClockStopped",
        Severity.PAGE,
        "(absent(alerts_ticks_total) or increase(alerts_ticks_total[5m]) == 0) "
        'and on() alerts_ready{part="redis"} == 1',
        3,
        "The clock does nothing",
        "Scheduled alerts do not start, reminders do not go, nobody settles unknowns. What is being sent goes on.",
        (
            "Is `clock` up? Its log has `tick missed` with the kind of error where it cannot do its duties, and "
            "`a duty failed` with the name of one that breaks while the others are done.",
            "Several may run: one at a time does the duties. Start another.",
            "Does one hang in a transaction? `SELECT pid, state, query FROM pg_stat_activity WHERE wait_event_type = "
            "'Lock'`.",
        ),
    ),
    Alarm(
        "AlertsTextsWait",
        Severity.PAGE,
        "alerts_oldest_waiting_seconds > 900 and on() (sum(rate(alerts_parts_total[5m])) or vector(0)) == 0 "
        "and on() alerts_locked_down == 0 and on() alerts_workers > 0",
        5,
        "Texts could go out, and none does",
        "Workers are alive and send nothing, or the pace gives no leave. (A long alert on a slow number is no alarm: "
        "something goes out every minute.)",
        (
            _JOBS,
            "`alerts_sender_held_seconds` above 0: the carrier's queue of that number is full, or it cannot be reached; "
            "the log has `our sender's queue at the carrier is full`. It goes on by itself.",
            "In the log of the workers: `redis is away`, `postgresql is away`, `a worker stumbled`.",
        ),
    ),
    Alarm(
        "AlertsSenderSlow",
        Severity.TICKET,
        "alerts_sender_share < 0.5",
        15,
        "The carrier lets a number send at less than half of its rate",
        "It answers 429 again and again: the rate that we think this number has is not the one it has. Or it "
        "answers 5xx, or not in time: then it goes on by itself when Twilio is well again.",
        (
            "What does Twilio's console say of its campaign (10DLC) or kind? Set that in `TWILIO_RATES` "
            "([presets](decisions/pacing.md)).",
            "Does another program send from the same number?",
        ),
    ),
    Alarm(
        "AlertsPaused",
        Severity.PAGE,
        'alerts_alerts{state="in trouble"} > 0',
        1,
        "An alert was paused by the system",
        "The carrier refused all of it, phone companies filter it, something of the account is broken, or workers "
        "failed over it three times. (What a lockdown paused is not among them: AlertsLockedDown.) The page of the alert says which, and the people in it wait.",
        (
            "Open it on **Going out**: it says why, in words. [What each of Twilio's codes means](error-codes.md).",
            "Mend it (balance, number, campaign), then **Go on sending**. Whoever got it does not get it again.",
            "Filtered as unwanted: nothing to mend here. Stop it for good, and write a new one in other words and "
            "without links.",
        ),
    ),
    Alarm(
        "AlertsUnknownStay",
        Severity.PAGE,
        "alerts_oldest_unknown_seconds > 900",
        2,
        "Nobody knows whether some texts went out, and it does not get settled",
        "Settled they are within ten minutes while the carrier answers: by its callback, or by its list of messages. They "
        "are never sent again on a guess.",
        (
            "Does Twilio answer? `alerts check`; https://status.twilio.com.",
            "Is the clock up, and are workers? `settle` is a job: " + _JOBS,
            "In the log: `cannot be settled, its seal is broken`: a key is missing in `SEALING_KEYS`.",
        ),
    ),
    Alarm(
        "AlertsFailing",
        Severity.PAGE,
        'sum(rate(alerts_outcomes_total{state="failed"}[10m])) > 0.2 * sum(rate(alerts_outcomes_total[10m]))',
        5,
        "Twilio refuses more than one text in five at once",
        "Numbers that do not exist are a few in a hundred. This is the account or the sender.",
        (
            "The report of the alert names the codes: [what they mean](error-codes.md).",
            "`alerts check` looks at the account, its numbers and its Messaging Service.",
        ),
    ),
    Alarm(
        "AlertsUndelivered",
        Severity.PAGE,
        'sum(increase(alerts_callbacks_total{state=~"undelivered|failed"}[10m])) '
        '> 0.2 * sum(increase(alerts_callbacks_total{state=~"delivered|undelivered|failed"}[10m])) '
        'and on() sum(increase(alerts_callbacks_total{state=~"delivered|undelivered|failed"}[10m])) > 20',
        2,
        "More than one text in five is taken by Twilio and does not arrive",
        "Phones that are off and numbers that are gone are a few in a hundred. A phone company filters the text, or "
        "blocks our number. An alert of which nearly nothing arrives, filtered, pauses by itself.",
        (
            "The report of the alert names the codes: [what they mean](error-codes.md).",
            "30007, 30004, 30450: the words are not wanted, or our number is not. Stop it for good, and write a new "
            "one in other words and without links; look at our registration (10DLC) at Twilio.",
            "30003, 30005, 30006 of a list that was just imported: its numbers are old. The texts are lost, nothing "
            "else is.",
            "30008, 30410 of all lists: a phone company has a bad day; https://status.twilio.com. Pause what can wait.",
        ),
    ),
    Alarm(
        "AlertsCallbacksLate",
        Severity.TICKET,
        "sum(increase(alerts_callback_delay_seconds_count[30m])) > 20 and on() "
        '(sum(increase(alerts_callback_delay_seconds_bucket{le="300.0"}[30m])) '
        "/ sum(increase(alerts_callback_delay_seconds_count[30m]))) < 0.5",
        15,
        "Half of the status callbacks come more than five minutes after their text",
        "Reports lag behind. Twilio is slow, a phone company is, or we were away and Twilio tries again.",
        ("https://status.twilio.com", "`alerts_request_seconds` of webhooks: do we answer within a second?"),
    ),
    Alarm(
        "AlertsNoCallbacks",
        Severity.PAGE,
        'sum(increase(alerts_outcomes_total{state="accepted"}[15m])) > 50 '
        "and on() (sum(increase(alerts_callbacks_total[15m])) or vector(0)) == 0",
        5,
        "Texts go out, and Twilio tells nothing of them",
        "Its callbacks do not reach us, and texts of workers do not either, most likely. What became of our texts is "
        "asked for an hour later; what workers texted is not.",
        (
            "Is `PUBLIC_URL` reachable from outside, and its certificate good?",
            'Answers of 403 to webhooks (`alerts_request_seconds_count{kind="webhook",status="4xx"}`): '
            "the signature is wrong. `PUBLIC_URL` must be the address that Twilio knows, to the slash; after a change "
            "of token set `TWILIO_AUTH_TOKEN_SECONDARY`.",
            "`alerts twilio setup`.",
        ),
    ),
    Alarm(
        "AlertsErrors",
        Severity.TICKET,
        'sum by (kind) (rate(alerts_request_seconds_count{status="5xx"}[10m])) '
        "> 0.01 * sum by (kind) (rate(alerts_request_seconds_count[10m]))",
        10,
        "More than one request in a hundred breaks",
        "Something of ours is wrong, or PostgreSQL was away for a while.",
        (
            "In the logs: `unexpected error`, with kind, route and the id of the request; all lines with that id "
            "show the way there ([one search](decisions/logs.md)).",
        ),
    ),
    Alarm(
        "AlertsSlow",
        Severity.TICKET,
        "histogram_quantile(0.95, sum by (le, kind) (rate(alerts_request_seconds_bucket[10m]))) > 1",
        10,
        "One request in twenty takes more than a second",
        "Twilio gives up on a webhook after 15 seconds; people give up sooner.",
        (
            "`alerts_database_seconds` by `what`: is it PostgreSQL? Then its slowest statements "
            "(`pg_stat_statements`), a vacuum, or its disk.",
            "Else more web processes: `WEB_CONCURRENCY`.",
        ),
    ),
    Alarm(
        "AlertsJobsFail",
        Severity.TICKET,
        'alerts_queue_jobs{state="failed"} > 0',
        0,
        "A job failed",
        "The clock asks again for whatever the rows still owe, so nothing is lost; but something is wrong.",
        (
            _JOBS + " Each failed one has its kind of error and the place in the code.",
            "When it is mended, put it back or delete it there; both are safe.",
        ),
    ),
    Alarm(
        "AlertsJobsPileUp",
        Severity.TICKET,
        'alerts_queue_jobs{state="waiting"} > 50',
        10,
        "Jobs wait that nobody takes",
        "Too few workers, or all of them are busy with something long.",
        (_JOBS, "Start more workers: any number of them, on any machine, help."),
    ),
    Alarm(
        "AlertsLockedDown",
        Severity.PAGE,
        "alerts_locked_down == 1",
        0,
        "Somebody has locked everything down",
        "On purpose: nothing is sent, nobody is signed in, workers are answered still.",
        (
            "Talk to the admins, not by the system itself. The audit trail says who did it and why.",
            "Whose phone or password is in the wrong hands: `alerts organizer shut-out THEIR-ADDRESS` on the server, "
            "before you end it.",
            "`alerts unlock` on the server ends it; first read [the threat model](threat-model.md). Everybody signs in "
            "anew with password and code, keys and invitations are made anew, and each alert waits until somebody "
            "resumes it. Is the only admin's phone gone? After it at once: `alerts organizer create` for another "
            "address, and shut the first one out.",
            "Must the list not exist any more? [The end of it](deploy/server.md), line by line, on that page's server.",
        ),
    ),
)

HERE = Path(__file__).parents[1]
RUNBOOK = HERE / "docs" / "runbook.md"
RULES = HERE / "docs" / "deploy" / "alarms.yml"


def runbook() -> str:
    """The page for whoever is woken."""
    parts = [
        "# Runbook",
        "What to do for each alarm. Made from the table in `alerts/alarms.py` by `python -m alerts.alarms`, as are "
        "[the rules for Prometheus](deploy/alarms.yml); [what is measured](decisions/metrics.md).",
        "First, always: " + _LOOK + " Nothing here can send a text twice: every restart is safe.",
        "| alarm | severity | says |\n|---|---|---|\n"
        + "\n".join(f"| [{one.name}](#{one.name.lower()}) | {one.severity} | {one.says} |" for one in ALARMS),
        "\n".join(f"- **{severity}**: {means}" for severity, means in SEVERITIES.items()),
        "The system also texts the admins who gave a number: when somebody opens unusually many phone numbers, and when "
        "it had to pause an alert.",
    ]
    for one in ALARMS:
        after = f", for {one.minutes} minutes" if one.minutes else ""
        parts += [
            f"## {one.name}",
            f"{one.says}. **{one.severity}**{after}.",
            f"```\n{one.when}\n```",
            one.means,
            "\n".join(f"{number}. {step}" for number, step in enumerate(one.to_do, start=1)),
        ]
    return "\n\n".join(parts) + "\n"


def rules() -> str:
    """The same for Prometheus. A JSON string is a YAML string."""
    lines = [
        "# Made from alerts/alarms.py by python -m alerts.alarms; what to do: docs/runbook.md",
        "groups:",
        "  - name: alerts",
        "    rules:",
    ]
    for one in ALARMS:
        lines += [
            f"      - alert: {one.name}",
            f"        expr: {json.dumps(one.when)}",
            f"        for: {one.minutes}m",
            "        labels:",
            f"          severity: {one.severity}",
            "        annotations:",
            f"          summary: {json.dumps(one.says)}",
            f"          runbook: docs/runbook.md#{one.name.lower()}",
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    RUNBOOK.write_text(runbook(), "utf-8")
    RULES.parent.mkdir(exist_ok=True)
    RULES.write_text(rules(), "utf-8")
