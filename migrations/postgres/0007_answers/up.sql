-- What each delegation answered to what it was told of a slot: the latest; earlier ones stand in the history.
CREATE TABLE answers (
  slot_id       BIGINT  NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
  delegation_id BIGINT  NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  event_id      BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  reply         TEXT    NOT NULL CHECK (reply IN ('accepted', 'declined', 'tentative')),
  comment       TEXT    NOT NULL,
  via           TEXT    NOT NULL CHECK (via IN ('link', 'mail', 'office')),
  answered_by   TEXT    NOT NULL,             -- the address that answered by mail, or who of the office wrote it down
  sequence      INTEGER NOT NULL,             -- of the slot as they were told it
  told          TEXT    NOT NULL,             -- JSON: what they answered to, as in notices
  answered_at   BIGINT  NOT NULL,
  PRIMARY KEY (slot_id, delegation_id)
);
CREATE INDEX answers_by_event ON answers (event_id);

-- How often a delegation's private links were made anew: older ones open nothing. No row: never.
CREATE TABLE private_links (
  delegation_id BIGINT  PRIMARY KEY NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  generation    INTEGER NOT NULL
);
