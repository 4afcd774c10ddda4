"""The agenda of policy files as an iCalendar file.

Source: RFC 5545.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from icalendar import Calendar, Event

from comity.cli.policy_calendar import entry_text
from comity.policy.agenda import Agenda, Entry, Happening

PRODUCT: Final = "-//Comity//Policy calendar//EN"
NAME: Final = "Comity policies"
_WAITING: Final = frozenset({Happening.REVIEW, Happening.WAIVER_EXPIRES, Happening.RULING_EXPIRES})


def icalendar_of(agenda: Agenda) -> bytes:
    """Return the agenda as all-day events, each on its day in the zone of its file.

    An entry always has the same identifier and the same bytes, so that a calendar which reads the
    file again changes nothing. What is overdue stands on the day on which it was due.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", NAME)
    for entry in (*agenda.overdue, *agenda.entries):
        calendar.add_component(_event(entry))
    written: bytes = calendar.to_ical()
    return written


def _event(entry: Entry) -> Event:
    """Return an entry as an all-day event that takes up nobody's time."""
    event = Event()
    event.add("uid", _identifier(entry))
    event.add("dtstamp", datetime.combine(_recorded(entry), time(0), UTC))
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", f"{entry.rule_id} {entry.happening.value}")
    event.add("description", f"{entry_text(entry)}\nDays are counted in {entry.zone}.")
    event.add("categories", ["due" if entry.happening in _WAITING else "law"])
    event.add("transp", "TRANSPARENT")
    return event


def _identifier(entry: Entry) -> str:
    """Return what names the entry whenever and wherever the file is written."""
    moment = entry.at.astimezone(UTC).isoformat() if entry.at is not None else entry.day.isoformat()
    named = f"{entry.rule_id}\n{entry.happening.name}\n{moment}"
    return f"{hashlib.sha256(named.encode()).hexdigest()[:32]}@comity"


def _recorded(entry: Entry) -> date:
    """Return the day on which the rule was recorded."""
    return date.fromisoformat(entry.recorded_at)
