"""Phone numbers: from what people write to E.164, and masked for whoever may not read them."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

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


def parse_phone(text: str, region: str) -> str:
    """The number in E.164 (``+19095550100``). ``region`` is that of numbers without a country code.

    Raises BadPhoneNumber, NotMobile.
    """
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
