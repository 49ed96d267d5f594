-- What each delegation was last told of each slot.
CREATE TABLE notices (
  slot_id          BIGINT  NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
  delegation_id    BIGINT  NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  event_id         BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  uid              TEXT    NOT NULL UNIQUE,   -- iCalendar UID, for the life of slot × delegation
  sequence         INTEGER NOT NULL,
  method           TEXT    NOT NULL CHECK (method IN ('REQUEST', 'CANCEL')),
  told             TEXT    NOT NULL,          -- JSON: title, kind, times, room, participants as told
  thread           TEXT    NOT NULL,          -- what the Message-IDs of its first mails have in common
  told_at          BIGINT  NOT NULL,
  PRIMARY KEY (slot_id, delegation_id)
);
CREATE INDEX notices_by_event ON notices (event_id);

-- Mail is a row first: written with the change it tells of, sent after the commit.
CREATE TABLE outbox (
  id             INTEGER PRIMARY KEY NOT NULL,
  dedupe_key     TEXT    NOT NULL UNIQUE,     -- recipient + UID + SEQUENCE + method; of a letter, what it tells of
  event_id       BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  slot_id        BIGINT  REFERENCES slots (id) ON DELETE SET NULL,
  delegation_id  BIGINT  REFERENCES delegations (id) ON DELETE SET NULL,
  sequence       INTEGER NOT NULL,
  method         TEXT    CHECK (method IN ('REQUEST', 'CANCEL')),   -- none: a letter about several slots
  recipient      TEXT    NOT NULL,
  recipient_name TEXT    NOT NULL,
  envelope_from  TEXT    NOT NULL,
  message_id     TEXT    NOT NULL UNIQUE,
  subject        TEXT    NOT NULL,
  raw            BLOB    NOT NULL,            -- finished RFC 5322 bytes; every try sends the same
  state          TEXT    NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'held', 'superseded')),
  attempts       INTEGER NOT NULL,
  next_at        BIGINT  NOT NULL,
  give_up_at     BIGINT  NOT NULL,
  lease_owner    TEXT,
  lease_until    BIGINT,
  last_code      INTEGER,
  last_error     TEXT,
  created_at     BIGINT  NOT NULL,
  sent_at        BIGINT
);
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state IN ('queued', 'sending', 'held');
CREATE INDEX outbox_failed ON outbox (event_id) WHERE state IN ('failed', 'held');
CREATE INDEX outbox_by_slot ON outbox (slot_id, recipient, sequence);
