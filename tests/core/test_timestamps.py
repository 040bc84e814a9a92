"""Tests of timestamps: which texts denote an instant, and what is its canonical text?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cors_policies.core.problems import PatternError
from cors_policies.core.timestamps import parse_timestamp, timestamp_text
from tests.core.assertions import says_what_to_do

MOMENTS = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 - hypothesis wants naive bounds
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


class TestAccepted:
    """A date and time of RFC 3339, with its offset, denotes an instant; its canonical text is in UTC."""

    @pytest.mark.parametrize(
        ("text", "canonical"),
        [
            pytest.param("2030-01-31T18:00:00Z", "2030-01-31T18:00:00Z", id="canonical"),
            pytest.param("2030-01-31t18:00:00z", "2030-01-31T18:00:00Z", id="lower-case"),
            pytest.param("2030-01-31 18:00:00Z", "2030-01-31T18:00:00Z", id="space"),
            pytest.param(" 2030-01-31T18:00:00Z\n", "2030-01-31T18:00:00Z", id="space-around"),
            pytest.param("2030-01-31T18:00:00+00:00", "2030-01-31T18:00:00Z", id="zero-offset"),
            pytest.param("2030-01-31T18:00:00-00:00", "2030-01-31T18:00:00Z", id="unknown-local-offset"),
            pytest.param("2030-01-31T18:00:00+02:00", "2030-01-31T16:00:00Z", id="east"),
            pytest.param("2030-01-31T18:00:00-05:30", "2030-01-31T23:30:00Z", id="west"),
            pytest.param("2030-01-01T00:30:00+01:00", "2029-12-31T23:30:00Z", id="into-the-year-before"),
            pytest.param("2030-01-31T18:00:00+23:59", "2030-01-30T18:01:00Z", id="widest-offset"),
            pytest.param("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z", id="leap-day"),
            pytest.param("2030-01-31T18:00:00.5Z", "2030-01-31T18:00:00.500000Z", id="tenths"),
            pytest.param("2030-01-31T18:00:00.123456Z", "2030-01-31T18:00:00.123456Z", id="microseconds"),
            pytest.param("2030-01-31T18:00:00.1234569Z", "2030-01-31T18:00:00.123456Z", id="seventh-digit"),
            pytest.param("2030-01-31T18:00:00.000Z", "2030-01-31T18:00:00Z", id="zero-fraction"),
            pytest.param("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", id="first"),
            pytest.param("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", id="last"),
        ],
    )
    def test_denotes(self, text: str, canonical: str) -> None:
        moment = parse_timestamp(text)

        assert moment.utcoffset() == timedelta(0)
        assert timestamp_text(moment) == canonical

    def test_the_instant_is_the_one_that_is_written(self) -> None:
        expected = datetime(2030, 1, 31, 16, 0, 0, 500_000, tzinfo=timezone.utc)

        assert parse_timestamp("2030-01-31T18:00:00.5+02:00") == expected


class TestRefused:
    """What is no timestamp, or no time of any day, is refused with what to write instead."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("tomorrow", id="word"),
            pytest.param("2030-01-31", id="date"),
            pytest.param("18:00:00Z", id="time"),
            pytest.param("2030-01-31T18:00:00", id="no-offset"),
            pytest.param("2030-01-31T18:00Z", id="no-seconds"),
            pytest.param("2030-01-31T18:00:00.Z", id="point-without-digits"),
            pytest.param("2030-01-31T18:00:00,5Z", id="comma"),
            pytest.param("2030-01-31T18:00:00+0200", id="offset-without-colon"),
            pytest.param("2030-01-31T18:00:00+02", id="offset-without-minutes"),
            pytest.param("2030-01-31T18:00:00 Z", id="space-before-offset"),
            pytest.param("2030-01-31T18:00:00ZZ", id="two-offsets"),
            pytest.param("20300131T180000Z", id="basic-format"),
            pytest.param("2030-1-31T18:00:00Z", id="one-digit"),
            pytest.param("12030-01-31T18:00:00Z", id="five-digits"),
            pytest.param("-2030-01-31T18:00:00Z", id="negative"),
            pytest.param("1893456000", id="seconds-of-an-epoch"),
            pytest.param("\u0662030-01-31T18:00:00Z", id="other-digits"),
            pytest.param("2030-01-31T18:00:00Z\x00", id="nul"),
            pytest.param("2030-02-29T00:00:00Z", id="no-leap-year"),
            pytest.param("2030-00-01T00:00:00Z", id="month-0"),
            pytest.param("2030-13-01T00:00:00Z", id="month-13"),
            pytest.param("2030-01-32T00:00:00Z", id="day-32"),
            pytest.param("2030-01-31T24:00:00Z", id="hour-24"),
            pytest.param("2030-01-31T23:60:00Z", id="minute-60"),
            pytest.param("2030-01-31T23:59:60Z", id="leap-second"),
            pytest.param("2030-01-31T18:00:00+24:00", id="offset-of-a-day"),
            pytest.param("2030-01-31T18:00:00+01:60", id="offset-of-60-minutes"),
            pytest.param("0000-01-01T00:00:00Z", id="year-0"),
            pytest.param("0001-01-01T00:00:00+00:01", id="before-the-first"),
            pytest.param("9999-12-31T23:59:59-00:01", id="after-the-last"),
        ],
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(PatternError) as refusal:
            parse_timestamp(text)

        assert refusal.value.reason == "invalid-timestamp"
        assert says_what_to_do(str(refusal.value))


class TestProperties:
    """Text and instant are inverse; equal texts denote equal instants, and different texts different ones."""

    @given(MOMENTS)
    def test_parsing_the_text_gives_the_instant(self, moment: datetime) -> None:
        assert parse_timestamp(timestamp_text(moment)) == moment

    @given(MOMENTS)
    def test_the_text_of_what_was_parsed_is_canonical(self, moment: datetime) -> None:
        canonical = timestamp_text(moment)

        assert timestamp_text(parse_timestamp(moment.isoformat())) == canonical
        assert canonical.endswith("Z")

    @given(MOMENTS, MOMENTS)
    def test_texts_are_equal_where_the_instants_are(self, one: datetime, other: datetime) -> None:
        assert (timestamp_text(one) == timestamp_text(other)) == (one == other)

    @given(st.text() | st.text("0123456789-+:.TZtz ", max_size=32))
    def test_any_text_is_parsed_or_refused(self, text: str) -> None:
        try:
            moment = parse_timestamp(text)
        except PatternError:
            return
        assert parse_timestamp(timestamp_text(moment)) == moment
