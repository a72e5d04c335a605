"""Whether Twilio has answered a STOP, START or HELP already, by how its opt-out handling is set."""

from __future__ import annotations

import pytest

from alerts.carrier.opt_out import OptOut, blocks, carrier_answers


@pytest.mark.parametrize(
    ("body", "kind", "handling", "blocked", "answers"),
    [
        ("STOP", None, OptOut.DEFAULT, False, True),
        (" stop ", None, OptOut.DEFAULT, False, True),
        ("Cancel", None, OptOut.DEFAULT, False, True),
        ("STOP PLEASE", None, OptOut.DEFAULT, False, False),  # the carrier compares the whole text
        ("ALTO", None, OptOut.DEFAULT, False, False),
        ("JOOJI", None, OptOut.DEFAULT, False, False),
        ("HELP", None, OptOut.DEFAULT, False, True),
        ("YES", None, OptOut.DEFAULT, False, False),  # an RSVP
        ("YES", None, OptOut.DEFAULT, True, True),  # back in
        ("START", None, OptOut.DEFAULT, True, True),
        ("ALTO", "STOP", OptOut.ADVANCED, False, True),
        ("STOP", None, OptOut.ADVANCED, False, False),
        ("STOP", None, OptOut.OFF, False, False),
    ],
)
def test_nobody_is_answered_twice(
    body: str, kind: str | None, handling: OptOut, blocked: bool, answers: bool
) -> None:
    assert carrier_answers(body, kind, handling, blocked=blocked) is answers


@pytest.mark.parametrize(
    ("body", "kind", "handling", "before", "after"),
    [
        ("STOP", None, OptOut.DEFAULT, False, True),
        ("ALTO", None, OptOut.DEFAULT, False, False),  # we leave them alone; Twilio would let texts through
        ("hello", None, OptOut.DEFAULT, True, True),
        ("START", None, OptOut.DEFAULT, True, False),
        ("yes", None, OptOut.DEFAULT, True, False),
        ("BAJA", "STOP", OptOut.ADVANCED, False, True),
        ("VOLVER", "START", OptOut.ADVANCED, True, False),
        ("STOP", None, OptOut.OFF, False, False),
    ],
)
def test_whom_the_carrier_blocks_is_known(
    body: str, kind: str | None, handling: OptOut, before: bool, after: bool
) -> None:
    assert blocks(body, kind, handling, blocked=before) is after
