"""Dates and times of day, in words and figures."""

import re

from posttrain.reward.mathematics.answers import Moment
from posttrain.reward.mathematics.notation import plain_text

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?\s*([ap])?\.?\s*m?\.?", re.ASCII)
_HOUR = re.compile(r"(\d{1,2})\s*([ap])\.?\s*m", re.ASCII)  # 10 a.m.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}"
_DATES = [
    re.compile(rf"{_MONTH}\.?,? (?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<year>\d{{4}}))?"),
    re.compile(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}\.?(?:,? (?P<year>\d{{4}}))?"),
]


def read_moment(text: str) -> tuple[Moment, ...]:
    """A date or a time of day; () for anything else."""
    words = re.sub(r"\s*:\s*", ":", plain_text(text))
    words = _HOUR.sub(r"\1:00 \2m", words) if _HOUR.fullmatch(words) else words
    clock = _CLOCK.fullmatch(words)
    if clock and int(clock[1]) < 24:
        hour, minute, second, half = int(clock[1]), int(clock[2]), int(clock[3] or 0), clock[4]
        if half and hour <= 12:
            return (Moment("time", (hour % 12 + 12 * (half == "p"), minute, second, "fixed")),)
        return (Moment("time", (hour, minute, second, "fixed" if hour > 12 else None)),)
    for pattern in _DATES:
        match = pattern.fullmatch(words)
        if match:
            month = _MONTHS.index(next(group for group in match.groups() if group and group[:3] in _MONTHS))
            return (Moment("date", (month, int(match["day"]), int(match["year"]) if match["year"] else None)),)
    return ()
