"""A bad environment stops the program at start, naming each variable and never a secret."""

from __future__ import annotations

import pytest

from alerts.settings import BadSettings, settings


@pytest.fixture(autouse=True)
def _fresh() -> object:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", None, "DATABASE_URL"),
        ("PUBLIC_URL", "alerts.example.org", "PUBLIC_URL"),
        ("TWILIO_ACCOUNT_SID", "AC123", "TWILIO_ACCOUNT_SID"),
        ("TWILIO_FROM_NUMBERS", "909 555 0100", "TWILIO_FROM_NUMBERS"),
        ("TWILIO_FROM_NUMBERS", "", "TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBERS"),
        ("TWILIO_FROM_NUMBERS", "1234567", "TWILIO_FROM_NUMBERS"),
        ("TWILIO_RATES", "+19095550109=1", "+19095550109 is not one of our senders"),
        ("TWILIO_RATES", "+19095550100=0", "TWILIO_RATES: +19095550100: 0 is not between"),
        ("TWILIO_RATES", "+19095550100=-3", "not between"),
        ("TWILIO_RATES", "+19095550100=nan", "not between"),
        ("TWILIO_RATES", "+19095550100=fast", "long_code, toll_free"),
        ("TWILIO_RATES", "+19095550100=1,+19095550100=2", "twice"),
        ("TWILIO_RATES", "100", "ADDRESS=RATE"),
        ("TWILIO_OPT_OUT", "sometimes", "TWILIO_OPT_OUT"),
        ("SEALING_KEYS", "1:c2VjcmV0", "SEALING_KEYS"),
        ("SESSION_SECRET", "secret", "SESSION_SECRET"),
        ("DEFAULT_TIMEZONE", "Mars/Olympus", "DEFAULT_TIMEZONE"),
        ("WORKERS", "0", "WORKERS"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL"),
    ],
)
def test_a_bad_variable_is_named_and_a_secret_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, words: str
) -> None:
    if value is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        settings()
    assert words in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_database_address_names_our_driver(
    monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://user@host/alerts")
    assert settings().sqlalchemy_url == "postgresql+psycopg://user@host/alerts"


def test_several_numbers_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_FROM_NUMBERS", "+19095550100, +19525550100")
    assert settings().twilio_from_numbers == ("+19095550100", "+19525550100")


@pytest.mark.parametrize(
    ("senders", "text", "rates"),
    [
        ("+19095550100", "", {"+19095550100": 1}),
        ("+18885550100", "", {"+18885550100": 3}),
        ("55501", "", {"55501": 100}),
        ("+19095550100,55501", "+19095550100 = 10dlc_low", {"+19095550100": 3.75, "55501": 100}),
        ("+19095550100", "+19095550100=0.5", {"+19095550100": 0.5}),
        ("+19095550100,+19095550100", "+19095550100=7,", {"+19095550100": 7}),
    ],
)
def test_each_sender_has_a_rate(
    monkeypatch: pytest.MonkeyPatch, senders: str, text: str, rates: dict[str, float]
) -> None:
    monkeypatch.setenv("TWILIO_FROM_NUMBERS", senders)
    monkeypatch.setenv("TWILIO_RATES", text)
    assert settings().rates == rates


def test_a_messaging_service_is_the_only_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    service = "MG" + "a" * 32
    monkeypatch.setenv("TWILIO_MESSAGING_SERVICE_SID", service)
    monkeypatch.setenv("TWILIO_RATES", f"{service}=225")
    assert settings().senders == (service,)
    assert settings().rates == {service: 225}
