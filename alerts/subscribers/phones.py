"""Phone numbers: from what people write to E.164, and masked for whoever may not read them."""

from __future__ import annotations

import re
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from alerts.errors import DomainError

# In the US and Canada a number does not tell whether it is a mobile; the carrier will.
CAN_BE_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


class BadPhoneNumber(DomainError):
    """What was given cannot be a phone number."""

    code = "bad_phone_number"
    field = "phone"

    def __init__(self) -> None:
        super().__init__("This is not a phone number. Write it with its area code, such as +1 909 555 0100.")


class NotMobile(DomainError):
    """A number, but of a kind that gets no texts."""

    code = "not_mobile"
    field = "phone"

    def __init__(self) -> None:
        super().__init__("This number is not a mobile phone's, so it cannot get texts.")


# A number of the US as most are written. Its metadata decides, as in phonenumbers, in a fiftieth of the
# time: of a file with a million numbers nearly all are such. What is not surely good goes the long way.
_AS_IN_THE_US = re.compile(r"(?:\+?1[ .-]?)?\(?([2-9]\d\d)\)?[ .-]?(\d{3})[ .-]?(\d{4})")


@cache
def _us_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    us = PhoneMetadata.metadata_for_region("US")
    assert us is not None  # noqa: S101 - phonenumbers always has it
    assert us.mobile is not None  # noqa: S101
    others = (us.premium_rate, us.toll_free, us.shared_cost, us.voip, us.personal_number, us.pager, us.uan)
    patterns = [one.national_number_pattern for one in others if one and one.national_number_pattern]
    return re.compile(us.mobile.national_number_pattern or ""), re.compile("|".join(patterns))


def _plainly_us(text: str, region: str) -> str | None:
    found = _AS_IN_THE_US.fullmatch(text) if region == "US" or text.startswith("+1") else None
    if found is None:
        return None
    digits = "".join(found.groups())
    mobile, other = _us_patterns()
    return "+1" + digits if mobile.fullmatch(digits) and not other.fullmatch(digits) else None


def parse_phone(text: str, region: str) -> str:
    """The number in E.164 (``+19095550100``). ``region`` is that of numbers without a country code.

    Raises BadPhoneNumber, NotMobile.
    """
    if plain := _plainly_us(text, region):
        return plain
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        raise BadPhoneNumber from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise BadPhoneNumber
    if phonenumbers.number_type(number) not in CAN_BE_MOBILE:
        raise NotMobile
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def mask(phone: str) -> str:
    """The last two digits: enough to tell two people on a screen apart, not to find one."""
    return "•••" + phone[-2:]


def as_dialled(sender: str) -> str:
    """An address that we text from, as people of its country dial it; a short code as it is."""
    if not sender.startswith("+"):
        return sender
    parsed = phonenumbers.parse(sender)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
