"""Dates: what people write becomes a moment in time."""

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from sitegen.content.flaws import Fault
from sitegen.content.records import Moment

CODES = {
    "date-unreadable": "A date is not written in a form that can be read.",
    "date-impossible": "A date does not exist.",
}

_TEXT = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)"
    r"(?:[Tt ] *(\d\d?):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?"
    r" *(?:([Zz]|UTC|GMT)|([+-])(\d\d?)(?::?(\d\d))?)?)?",
    re.ASCII,
)
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[-_](.+))?", re.ASCII)
_FOLDERS = re.compile(r"/(\d{4})/(\d\d)/(\d\d)(?=/|$)", re.ASCII)
_EPOCH = date(1970, 1, 1).toordinal()
_DAY = 86400
# A day inside what `datetime` holds, so that every zone can show the moment.
_FIRST = (date(1, 1, 2).toordinal() - _EPOCH) * _DAY
_LAST = (date(9999, 12, 31).toordinal() - _EPOCH) * _DAY


def moment(value: str | date | datetime, zone: str) -> Moment | Fault:
    """Returns the moment that a value means; what has no zone is in the given one.

    A time that a clock change skips is read with the offset from before the change,
    and one that it repeats is the first of the two.
    """
    if isinstance(value, str):
        parsed = _parse(value.strip())
        if isinstance(parsed, Fault):
            return parsed
        value = parsed
    if not isinstance(value, datetime):
        if zone == "UTC":
            return _within(Moment((value.toordinal() - _EPOCH) * _DAY), value)
        value = datetime(value.year, value.month, value.day)
    try:
        return _within(_of_datetime(value, zone), value)
    except (OverflowError, ValueError):
        return _outside(value)


def _of_datetime(value: datetime, zone: str) -> Moment:
    if value.tzinfo is None:
        aware = value.replace(tzinfo=zone_of(zone), fold=0)
        # Through UTC and back, so that a skipped time becomes one that exists.
        return Moment.of(aware.astimezone(UTC).astimezone(aware.tzinfo))
    return Moment.of(value)


def _within(found: Moment, value: date) -> Moment | Fault:
    return found if _FIRST <= found.at < _LAST else _outside(value)


def _outside(value: date) -> Fault:
    return Fault("date-impossible", f"The date {value} is out of range.", "Correct it.")


@lru_cache
def zone_of(name: str) -> tzinfo:
    """Returns the time zone of an IANA name."""
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # most sites do without

    return ZoneInfo(name)


def _parse(text: str) -> date | datetime | Fault:
    match = _TEXT.fullmatch(text)
    if match is None:
        return Fault(
            "date-unreadable",
            f"'{text[:40]}' is not a date that can be read.",
            "Write 2024-05-06, 2024-05-06 07:08 or 2024-05-06T07:08:09+02:00.",
        )
    year, month, day, hour, minute, second = (
        int(part or 0) for part in match.groups()[:6]
    )
    try:
        if match[4] is None:
            return date(year, month, day)
        zone = _offset(match)
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return Fault(
            "date-impossible", f"The date {text[:40]} does not exist.", "Correct it."
        )


def _offset(match: re.Match[str]) -> timezone | None:
    if match[7]:
        return UTC
    if match[8] is None:
        return None
    offset = timedelta(hours=int(match[9]), minutes=int(match[10] or 0))
    return timezone(-offset if match[8] == "-" else offset)


def from_file_name(name: str) -> tuple[date | None, str]:
    """Returns the date that a name begins with, and the rest of the name.

    A name that is nothing but a date stays whole; so does one whose date is impossible.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None, name
    try:
        return date.fromisoformat(match[1]), match[2] or name
    except ValueError:
        return None, name


def from_path(path: str) -> date | None:
    """Returns the date that an address such as /2024/05/06/x/ begins with."""
    match = _FOLDERS.match(path)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None
