UPDATE event_days SET closes = 1440 WHERE closes > 1440;
ALTER TABLE event_days
  DROP CONSTRAINT event_days_closes_check,
  ADD CONSTRAINT event_days_closes_check CHECK (closes BETWEEN 0 AND 1440);
