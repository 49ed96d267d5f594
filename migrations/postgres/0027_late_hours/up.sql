-- A day may close after midnight: at 30:00 at the latest, which is 06:00 of the next day.
ALTER TABLE event_days
  DROP CONSTRAINT event_days_closes_check,
  ADD CONSTRAINT event_days_closes_check CHECK (closes BETWEEN 0 AND 1800);
