"""Reads mails and published calendars (a JSON list on standard input) as Python's library and icalendar understand them,
and says what it read."""

import email
import email.policy
import json
import sys
from datetime import timezone

import icalendar


def person(value):
    return [str(value).lower().removeprefix("mailto:"), str(value.params.get("CN", ""))]


def reading(raw):
    message = email.message_from_string(raw, policy=email.policy.default)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert len(parts) == 1, "one calendar part"
    text = parts[0].get_payload(decode=True).decode("utf-8")
    attached = [part for part in message.walk() if part.get_content_type() == "application/ics"]
    assert [part.get_payload(decode=True).decode("utf-8") for part in attached] == [text], "attached, the same bytes"
    calendar = icalendar.Calendar.from_ical(text)
    events = calendar.walk("VEVENT")
    assert len(events) == 1, "one event"
    event = events[0]
    attendee = event["ATTENDEE"]
    assert str(calendar["METHOD"]) == parts[0].get_param("method"), "the parameter says what the object says"
    return {
        "to": message["To"].addresses[0].addr_spec,
        "method": str(calendar["METHOD"]),
        "attendee": person(attendee),
        "rsvp": str(attendee.params.get("RSVP", "")),
        **meeting(event),
    }


def published(text):
    calendar = icalendar.Calendar.from_ical(text)
    events = calendar.walk("VEVENT")
    assert len(events) == len(calendar.subcomponents), "nothing but events"
    assert not any("ATTENDEE" in event for event in events), "nobody is invited"
    return {"method": str(calendar["METHOD"]), "events": [meeting(event) for event in events]}


def meeting(event):
    assert not event.errors, event.errors
    moment = lambda name: event.decoded(name).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "uid": str(event["UID"]),
        "sequence": int(event["SEQUENCE"]),
        "stamp": moment("DTSTAMP"),
        "start": moment("DTSTART"),
        "end": moment("DTEND"),
        "summary": str(event["SUMMARY"]),
        "location": str(event["LOCATION"]),
        "status": str(event.get("STATUS", "")),
        "organizer": person(event["ORGANIZER"]),
        "description": str(event["DESCRIPTION"]),
    }


def read(raw):
    return published(raw) if raw.startswith("BEGIN:VCALENDAR") else reading(raw)


json.dump([read(raw) for raw in json.load(sys.stdin)], sys.stdout)
