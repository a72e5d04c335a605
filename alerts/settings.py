"""Every environment variable, typed, in one place. A bad one stops the program at start."""

from __future__ import annotations

import base64
import binascii
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, HttpUrl, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from alerts.rates import rates_of


class BadSettings(SystemExit):
    """The environment cannot be used; the message names each variable and the way out."""


class Settings(BaseSettings):
    """The environment. Names are the contract (design, part 6)."""

    model_config = SettingsConfigDict(env_file=None, frozen=True, extra="ignore")

    database_url: SecretStr
    redis_url: SecretStr
    public_url: HttpUrl
    twilio_account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
    twilio_auth_token: SecretStr
    twilio_auth_token_secondary: SecretStr | None = None  # while one takes the place of the other
    twilio_messaging_service_sid: Annotated[str, Field(pattern=r"^MG[0-9a-fA-F]{32}$")] | None = None
    twilio_from_numbers: Annotated[tuple[str, ...], NoDecode] = ()
    twilio_rates: str = ""
    twilio_api_url: HttpUrl | None = None
    twilio_opt_out: Literal["default", "advanced", "off"] = "default"
    twilio_copies: Literal["delete", "redact", "keep"] = "delete"  # what becomes of texts at Twilio
    twilio_content_retention: Literal["retain", "discard"] | None = None  # asked for with each text
    sealing_keys: SecretStr
    session_secret: SecretStr
    organization_name: Annotated[str, Field(min_length=1, max_length=40)]
    help_contact: Annotated[str, Field(max_length=40)] = ""  # a person, for whoever texts HELP
    price_per_part: Annotated[Decimal, Field(ge=0, le=10, decimal_places=6)] | None = None
    approval_above: Annotated[int, Field(ge=0)] | None = 250  # people; None: one organizer is enough
    keep_deliveries_days: Annotated[int, Field(ge=1, le=3650)] = 30  # after the action: who got what
    keep_conversations_days: Annotated[int, Field(ge=1, le=3650)] = 60  # after they were closed
    metrics_token: SecretStr | None = None  # whoever has it may read /metrics
    otel_exporter_otlp_endpoint: HttpUrl | None = None  # where traces go
    sentry_dsn: SecretStr | None = None  # where errors go
    numbers_alarm_above: Annotated[int, Field(ge=1)] = 500  # opened within an hour: the admins are told
    recall_seconds: Annotated[int, Field(ge=0, le=3600)] = 60  # in which so large a send can be undone
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    default_region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    default_timezone: str = "America/Los_Angeles"
    trusted_proxies: Annotated[int, Field(ge=0, le=9)] = 0  # in front of web, one behind the other
    forwarded_allow_ips: str = ""  # read by uvicorn itself; we warn of one that lets anybody make it up
    port: int = 8000
    web_concurrency: Annotated[int, Field(ge=1)] = 1
    workers: Annotated[int, Field(ge=1)] = 1
    log_level: Annotated[str, Field(pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    log_format: Literal["json", "words"] = "json"  # read by alerts.logs before there are settings

    @field_validator("twilio_from_numbers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("twilio_from_numbers")
    @classmethod
    def _e164(cls, numbers: tuple[str, ...]) -> tuple[str, ...]:
        for number in numbers:
            short_code = number.isdigit() and len(number) in (5, 6)
            if not short_code and not (number.startswith("+") and number[1:].isdigit()):
                raise ValueError("write each number as +1 and ten digits, with commas between")
        return numbers

    @field_validator(
        "twilio_messaging_service_sid",
        "twilio_api_url",
        "twilio_auth_token_secondary",
        "metrics_token",
        "otel_exporter_otlp_endpoint",
        "sentry_dsn",
        "twilio_content_retention",
        "price_per_part",
        "approval_above",
        mode="before",
    )
    @classmethod
    def _blank_is_unset(cls, value: object) -> object:
        return None if value == "" else value  # 0 is a value

    @field_validator("default_timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("not a time zone; write one like America/Chicago") from None
        return name

    @field_validator("sealing_keys")
    @classmethod
    def _keys(cls, keys: SecretStr) -> SecretStr:
        parse_sealing_keys(keys.get_secret_value())
        return keys

    @field_validator("metrics_token")
    @classmethod
    def _not_guessed(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and len(token.get_secret_value()) < 16:
            raise ValueError("use at least 16 characters")
        return token

    @field_validator("session_secret")
    @classmethod
    def _long_enough(cls, secret: SecretStr) -> SecretStr:
        if len(secret.get_secret_value()) < 32:
            raise ValueError("use at least 32 characters")
        return secret

    @model_validator(mode="after")
    def _has_a_sender(self) -> Self:
        if not self.twilio_messaging_service_sid and not self.twilio_from_numbers:
            raise ValueError("set TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBERS")
        return self

    @model_validator(mode="after")
    def _has_rates(self) -> Self:
        try:
            rates_of(self.senders, self.twilio_rates)
        except ValueError as error:
            raise ValueError(f"TWILIO_RATES: {error}") from None
        return self

    @property
    def senders(self) -> tuple[str, ...]:
        """The addresses that we text from: the Messaging Service where there is one, else our numbers."""
        if self.twilio_messaging_service_sid:
            return (self.twilio_messaging_service_sid,)
        return tuple(dict.fromkeys(self.twilio_from_numbers))

    @property
    def rates(self) -> dict[str, float]:
        """Message parts a second for each of ``senders``."""
        return rates_of(self.senders, self.twilio_rates)

    @property
    def sqlalchemy_url(self) -> str:
        """``DATABASE_URL`` with the psycopg 3 driver named; hosts give out several spellings."""
        url = self.database_url.get_secret_value()
        scheme = urlsplit(url).scheme
        if scheme not in {"postgres", "postgresql", "postgresql+psycopg"}:
            raise BadSettings("DATABASE_URL: write postgresql://user:password@host/database")
        return "postgresql+psycopg" + url[len(scheme) :]

    @property
    def libpq_url(self) -> str:
        """``DATABASE_URL`` as the driver itself reads it."""
        return self.sqlalchemy_url.replace("+psycopg", "", 1)

    @property
    def public_base(self) -> str:
        """``PUBLIC_URL`` without its last slash: Twilio signs the URL to the slash."""
        return str(self.public_url).rstrip("/")


def parse_sealing_keys(text: str) -> dict[int, bytes]:
    """``"2:base64,1:base64"`` → {2: key, 1: key}; the first seals, all open. Keys have 32 octets.

    Raises ValueError, naming the part that is wrong, never the key.
    """
    keys: dict[int, bytes] = {}
    for place, part in enumerate(text.split(","), start=1):
        number, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"key {place}: not base64") from None
        if not number.isdigit() or not 1 <= int(number) <= 255:
            raise ValueError(f"key {place}: write NUMBER:BASE64, with a number from 1 to 255")
        if len(key) != 32:
            raise ValueError(f"key {place}: has {len(key)} octets, needs 32")
        if int(number) in keys:
            raise ValueError(f"key {place}: number {number} is used twice")
        keys[int(number)] = key
    return keys


@cache
def settings() -> Settings:
    """The environment of this process, read once. Raises BadSettings."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"  {'_'.join(str(part) for part in problem['loc']).upper() or 'environment'}: {problem['msg']}"
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise BadSettings("The environment is not complete:\n" + "\n".join(lines)) from None
