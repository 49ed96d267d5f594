CREATE TABLE early_event_days (
  event_id BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  day      DATE    NOT NULL,                  -- in the venue's zone
  opens    INTEGER NOT NULL CHECK (opens BETWEEN 0 AND 1440),   -- minutes after midnight at the venue
  closes   INTEGER NOT NULL CHECK (closes BETWEEN 0 AND 1440),
  PRIMARY KEY (event_id, day),
  CHECK (closes > opens)
);
INSERT INTO early_event_days SELECT event_id, day, opens, min(closes, 1440) FROM event_days;
DROP TABLE event_days;
ALTER TABLE early_event_days RENAME TO event_days;
