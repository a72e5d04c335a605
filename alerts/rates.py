"""Pure: how many message parts a second each of our senders may send, as TWILIO_RATES says or by its kind."""

from __future__ import annotations

from collections.abc import Sequence

LEAST, MOST = 0.01, 1_000_000.0  # parts a second

# Parts a second; a sender's own figure stands in Twilio's console. Sources: Twilio's pages on rate limits and
# queues (long code 1, toll-free 3, short code 100), and for 10DLC its totals over the three large phone
# companies by trust score: 12, 120 and 225. Ours are a third of these, since a list may be with one company
# (some pages say 3.75 for the lowest). Secondary sources: tiers change.
PRESETS: dict[str, float] = {
    "long_code": 1,
    "toll_free": 3,
    "10dlc_low": 3.75,  # trust score below 50, and registrations for low volumes
    "10dlc_middle": 40,  # 50 to 74
    "10dlc_high": 75,  # 75 to 100
    "short_code": 100,
}

TOLL_FREE = ("+1800", "+1833", "+1844", "+1855", "+1866", "+1877", "+1888")


def rates_of(senders: Sequence[str], text: str) -> dict[str, float]:
    """Parts a second for each of ``senders``.

    ``text`` is "address=rate,…", a rate being a number or a preset. A sender that is not named gets
    what is safe for its kind. Raises ValueError, naming the thing.
    """
    named: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        address, equals, rate = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise ValueError(f"{part!r}: write ADDRESS=RATE")
        if address not in senders:
            raise ValueError(f"{address} is not one of our senders ({', '.join(senders)})")
        if address in named:
            raise ValueError(f"{address} is named twice")
        named[address] = _rate(address, rate)
    return {sender: named.get(sender) or _safe(sender) for sender in senders}


def _rate(address: str, text: str) -> float:
    if text in PRESETS:
        return PRESETS[text]
    try:
        rate = float(text)
    except ValueError:
        known = ", ".join(PRESETS)
        raise ValueError(f"{address}: {text!r} is neither a number nor one of {known}") from None
    if not LEAST <= rate <= MOST:
        raise ValueError(f"{address}: {text} is not between {LEAST} and {MOST:,.0f} parts a second")
    return rate


def _safe(sender: str) -> float:
    if sender.isdigit():
        return PRESETS["short_code"]
    if sender.startswith(TOLL_FREE):
        return PRESETS["toll_free"]
    # A Messaging Service is as fast as its numbers together: at least as fast as one.
    return PRESETS["long_code"]
