// Reads mails and published calendars (a JSON list on standard input) as postal-mime and ical.js understand them, and
// says what it read.

import ICAL from "ical.js";
import PostalMime from "postal-mime";

let input = "";
for await (const chunk of process.stdin) input += chunk;
const readings = [];
for (const raw of JSON.parse(input)) {
  readings.push(raw.startsWith("BEGIN:VCALENDAR") ? published(raw) : await reading(raw));
}
process.stdout.write(JSON.stringify(readings));

async function reading(raw) {
  const mail = await PostalMime.parse(raw);
  const text = (part) => new TextDecoder().decode(part.content);
  const inline = mail.attachments.filter((part) => part.mimeType === "text/calendar");
  const attached = mail.attachments.filter((part) => part.mimeType === "application/ics");
  if (inline.length !== 1 || attached.length !== 1 || text(inline[0]) !== text(attached[0])) {
    throw new Error("one calendar part, and the same bytes attached");
  }
  const calendar = new ICAL.Component(ICAL.parse(text(inline[0])));
  const [event, ...more] = calendar.getAllSubcomponents("vevent");
  if (more.length > 0) throw new Error("one event");
  return {
    to: mail.to[0].address,
    method: calendar.getFirstPropertyValue("method"),
    attendee: person(event, "attendee"),
    rsvp: event.getFirstProperty("attendee").getParameter("rsvp") ?? "",
    ...meeting(event),
  };
}

function published(text) {
  const calendar = new ICAL.Component(ICAL.parse(text));
  const events = calendar.getAllSubcomponents("vevent");
  if (events.length !== calendar.getAllSubcomponents().length) throw new Error("nothing but events");
  if (events.some((event) => event.hasProperty("attendee"))) throw new Error("nobody is invited");
  return { method: calendar.getFirstPropertyValue("method"), events: events.map(meeting) };
}

function meeting(event) {
  const value = (name) => event.getFirstPropertyValue(name);
  const moment = (name) => value(name).toJSDate().toISOString().replace(".000Z", "Z");
  return {
    uid: value("uid"),
    sequence: value("sequence"),
    stamp: moment("dtstamp"),
    start: moment("dtstart"),
    end: moment("dtend"),
    summary: value("summary"),
    location: value("location"),
    status: value("status") ?? "",
    organizer: person(event, "organizer"),
    description: value("description"),
  };
}

function person(event, name) {
  const property = event.getFirstProperty(name);
  return [property.getFirstValue().toLowerCase().replace("mailto:", ""), property.getParameter("cn") ?? ""];
}
