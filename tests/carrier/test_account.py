"""What ``alerts check`` says of our account, and what ``alerts twilio setup`` makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from alerts.carrier.account import Account
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.settings import settings
from tests.conftest import ACCOUNT, OUR_NUMBER, PUBLIC_URL, TOKEN
from tests.story import MARIA

SERVICE = "MG" + "0" * 32
HERE = PUBLIC_URL + "/twilio/inbound"


@pytest.fixture
def elsewhere() -> Iterator[SimulatorServer]:
    """An account whose webhook points to somebody else."""
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), "http://127.0.0.1:1/old", messaging_service_sid=SERVICE
    )
    with SimulatorServer(config) as server:
        yield server


def account(server: SimulatorServer, **changes: object) -> Account:
    return Account(settings().model_copy(update={"twilio_api_url": server.url, **changes}))


def wrong(ours: Account) -> dict[str, str]:
    return {str(one.what): str(one.mend) for one in ours.look() if one.mend}


def test_a_number_is_pointed_here(elsewhere: SimulatorServer) -> None:
    ours = account(elsewhere)
    [(what, mend)] = wrong(ours).items()
    assert what == "Number ending in 00: webhook"
    assert HERE in mend
    assert "alerts twilio setup" in mend
    assert ours.point_here() == ["Number ending in 00"]
    assert elsewhere.simulator.carrier.inbound_url == HERE + "#rc=5&rp=all"
    assert wrong(ours) == {}


def test_an_address_that_is_asked_once_only_is_worth_a_look(elsewhere: SimulatorServer) -> None:
    """Twilio posts again by itself only where it could not connect: a STOP could be lost."""
    elsewhere.simulator.carrier.inbound_url = HERE
    [found] = [one for one in account(elsewhere).look() if one.mend]
    assert not found.wrong
    assert "a STOP too" in str(found.mend)


def test_a_messaging_service_is_pointed_here(elsewhere: SimulatorServer) -> None:
    ours = account(elsewhere, twilio_messaging_service_sid=SERVICE)
    assert list(wrong(ours)) == [f"Messaging Service {SERVICE}: webhook"]
    assert ours.point_here() == [f"Messaging Service {SERVICE}"]
    assert wrong(ours) == {}


def test_a_messaging_service_without_a_number_is_named_before_an_alert_finds_out() -> None:
    empty = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), HERE + "#rc=5", messaging_service_sid=SERVICE, pooled=False
    )
    with SimulatorServer(empty) as server:
        [(what, mend)] = wrong(account(server, twilio_messaging_service_sid=SERVICE)).items()
        twilio = Client(ACCOUNT, TOKEN)
        twilio.api.base_url = server.url
        with pytest.raises(TwilioRestException) as refused:
            twilio.messages.create(to=MARIA, messaging_service_sid=SERVICE, body="Hola")
    assert what == f"Messaging Service {SERVICE}: sender pool"
    assert "Add one in Twilio's console" in mend
    assert refused.value.code == 21703


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"twilio_auth_token": SecretStr("another")}, "Copy both from its console"),
        ({"twilio_account_sid": "AC" + "1" * 32}, "Copy both from its console"),
        ({"twilio_from_numbers": ("+19095550109",)}, "not a number of this account"),
        ({"twilio_messaging_service_sid": "MG" + "1" * 32}, "Twilio answers 404"),
        ({"twilio_api_url": "http://127.0.0.1:1"}, "cannot be reached"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(
    elsewhere: SimulatorServer, changes: dict[str, object], words: str
) -> None:
    found = wrong(account(elsewhere, **changes))
    assert any(words in mend for mend in found.values()), found
    assert OUR_NUMBER not in str(found)


def test_a_number_that_is_not_ours_is_not_changed(elsewhere: SimulatorServer) -> None:
    assert account(elsewhere, twilio_from_numbers=("+19095550109",)).point_here() == []
    assert elsewhere.simulator.carrier.inbound_url != HERE
