"""Dates: what people write becomes a moment."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitegen.content.dates import from_file_name, from_path, moment
from sitegen.content.flaws import Fault
from sitegen.content.records import Moment

PARIS = "Europe/Paris"


def shown(value: str | date | datetime, zone: str = "UTC") -> str:
    found = moment(value, zone)
    assert isinstance(found, Moment), found
    return found.datetime().isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06", "2024-05-06T00:00:00+00:00"),
        (" 2024-5-6 ", "2024-05-06T00:00:00+00:00"),
        ("2024-05-06 07:08", "2024-05-06T07:08:00+00:00"),
        ("2024-05-06 7:08:09", "2024-05-06T07:08:09+00:00"),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09+00:00"),
        ("2024-05-06t07:08:09.123456z", "2024-05-06T07:08:09+00:00"),
        ("2024-05-06T07:08:09+02:00", "2024-05-06T07:08:09+02:00"),
        ("2024-05-06 07:08:09 -0400", "2024-05-06T07:08:09-04:00"),
        ("2024-05-06 07:08 +0530", "2024-05-06T07:08:00+05:30"),
        ("2024-05-06 07:08:09 -4", "2024-05-06T07:08:09-04:00"),
        ("2024-05-06 07:08:09 UTC", "2024-05-06T07:08:09+00:00"),
    ],
)
def test_text_is_read(text: str, expected: str) -> None:
    assert shown(text) == expected


def test_what_has_no_zone_is_in_the_sites() -> None:
    assert shown("2024-05-06", PARIS) == "2024-05-06T00:00:00+02:00"
    assert shown(date(2024, 1, 6), PARIS) == "2024-01-06T00:00:00+01:00"
    assert shown(datetime(2024, 1, 6, 7), PARIS) == "2024-01-06T07:00:00+01:00"
    aware = datetime(2024, 1, 6, 7, tzinfo=timezone(timedelta(hours=-5)))
    assert shown(aware, PARIS) == "2024-01-06T07:00:00-05:00"
    assert shown(date(2024, 1, 6)) == "2024-01-06T00:00:00+00:00"


def test_a_time_that_a_clock_change_skips_or_repeats_is_one_moment() -> None:
    assert shown("2024-03-31 02:30", PARIS) == "2024-03-31T03:30:00+02:00"
    assert shown("2024-10-27 02:30", PARIS) == "2024-10-27T02:30:00+02:00"
    again = datetime(2024, 10, 27, 2, 30, fold=1)
    assert shown(again, PARIS) == "2024-10-27T02:30:00+02:00"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2024-02-30", "date-impossible"),
        ("2024-05-06 24:00", "date-impossible"),
        ("2024-05-06 07:08 +2500", "date-impossible"),
        ("0000-01-01", "date-impossible"),
        ("0001-01-01", "date-impossible"),
        ("9999-12-31 23:59 -2300", "date-impossible"),
        (datetime.max.replace(tzinfo=UTC), "date-impossible"),
        (datetime.min, "date-impossible"),
        ("6 May 2024", "date-unreadable"),
        ("2024/05/06", "date-unreadable"),
        ("", "date-unreadable"),
        ("٢٠٢٤-٠٥-٠٦", "date-unreadable"),
    ],
)
def test_a_bad_date_is_refused(value: str | datetime, code: str) -> None:
    for zone in ("UTC", PARIS, "America/New_York"):
        found = moment(value, zone)
        assert isinstance(found, Fault) and found.code == code and found.hint


@given(
    st.text() | st.dates() | st.datetimes() | st.datetimes(timezones=st.timezones()),
    st.sampled_from(["UTC", PARIS, "Pacific/Apia", "Africa/Monrovia"]),
)
def test_every_moment_can_be_shown(value: str | date | datetime, zone: str) -> None:
    found = moment(value, zone)
    if isinstance(found, Moment):
        assert Moment.of(found.datetime()) == found


def test_a_file_name_may_begin_with_a_date() -> None:
    assert from_file_name("2024-05-06-x") == (date(2024, 5, 6), "x")
    assert from_file_name("2024-05-06_x-y") == (date(2024, 5, 6), "x-y")
    assert from_file_name("2024-05-06") == (date(2024, 5, 6), "2024-05-06")
    assert from_file_name("2024-02-30-x") == (None, "2024-02-30-x")
    assert from_file_name("2024-05-06x") == (None, "2024-05-06x")
    assert from_file_name("x") == (None, "x")


def test_a_path_may_begin_with_a_date() -> None:
    assert from_path("/2024/05/06/x/") == date(2024, 5, 6)
    assert from_path("/2024/05/06") == date(2024, 5, 6)
    assert from_path("/2024/02/30/x/") is None
    assert from_path("/x/2024/05/06/") is None
    assert from_path("") is None
