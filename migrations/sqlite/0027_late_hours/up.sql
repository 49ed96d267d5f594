-- A day may close after midnight: at 30:00 at the latest, which is 06:00 of the next day.
CREATE TABLE late_event_days (
  event_id BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  day      DATE    NOT NULL,                  -- in the venue's zone
  opens    INTEGER NOT NULL CHECK (opens BETWEEN 0 AND 1440),   -- minutes after midnight at the venue
  closes   INTEGER NOT NULL CHECK (closes BETWEEN 0 AND 1800),
  PRIMARY KEY (event_id, day),
  CHECK (closes > opens)
);
INSERT INTO late_event_days SELECT event_id, day, opens, closes FROM event_days;
DROP TABLE event_days;
ALTER TABLE late_event_days RENAME TO event_days;
