"""The day that a contact file speaks of, and from which its word stands."""

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

_DATE: Final = re.compile(r"(?<!\d)(20\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_PARIS: Final = ZoneInfo("Europe/Paris")


def date_of_file(file_name: str, received_at: datetime) -> date:
    """Give the date of a contact file: AAAAMMJJ or AAAA-MM-JJ in its name, else the day it was received."""
    return named_date(file_name) or received_at.astimezone(_PARIS).date()


def named_date(file_name: str) -> date | None:
    """Give the day that a file's name carries, None when it carries none."""
    for found in _DATE.finditer(file_name):
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            continue
    return None


def standing(file_name: str, received_at: datetime) -> date:
    """Give the day from which a file's word stands against an older one's.

    A file without a date in its name yields to any later one; a date still to come must not silence the files
    received until then.
    """
    named = named_date(file_name)
    return min(named, received_at.astimezone(_PARIS).date()) if named else date.min


def midnight(day: date) -> datetime:
    """Give the UTC instant at which a day begins in Paris."""
    return datetime.combine(day, datetime.min.time(), _PARIS).astimezone(UTC)
