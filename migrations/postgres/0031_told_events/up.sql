-- Everything that stands in a letter is part of what was told: the event, its venue and zone, the office. What earlier
-- letters said of it is not known any more; what is true now counts, so that no letter falls due by the migration.
UPDATE notices SET told = (told::jsonb || jsonb_build_object('event', jsonb_build_object(
    'name', e.name, 'name_ja', e.name_ja, 'venue', e.venue, 'venue_ja', e.venue_ja,
    'time_zone', e.time_zone, 'home', d.time_zone, 'office', e.office_name,
    'office_email', e.office_email, 'office_phone', e.office_phone)))::text
FROM events e JOIN delegations d ON d.event_id = e.id
WHERE e.id = notices.event_id AND d.id = notices.delegation_id;
UPDATE answers SET told = (told::jsonb || jsonb_build_object('event', jsonb_build_object(
    'name', e.name, 'name_ja', e.name_ja, 'venue', e.venue, 'venue_ja', e.venue_ja,
    'time_zone', e.time_zone, 'home', d.time_zone, 'office', e.office_name,
    'office_email', e.office_email, 'office_phone', e.office_phone)))::text
FROM events e JOIN delegations d ON d.event_id = e.id
WHERE e.id = answers.event_id AND d.id = answers.delegation_id;
-- ORGANIZER of the first invitation and so of every later one, whatever the office's address is by then (RFC 5546 §3.2).
ALTER TABLE notices ADD COLUMN organizer TEXT NOT NULL DEFAULT '';
UPDATE notices SET organizer = e.office_email FROM events e WHERE e.id = notices.event_id;
