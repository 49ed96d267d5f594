-- Mail that came in and has to do with mail of ours: answers, what came back, what a person must read.
CREATE TABLE inbox (
  id            BIGINT  PRIMARY KEY NOT NULL,
  dedupe_key    TEXT    NOT NULL UNIQUE,     -- its Message-ID; where it has none, the digest of its bytes
  event_id      BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  slot_id       BIGINT  REFERENCES slots (id) ON DELETE SET NULL,
  delegation_id BIGINT  REFERENCES delegations (id) ON DELETE SET NULL,
  mail_id       BIGINT  REFERENCES outbox (id) ON DELETE SET NULL,   -- the mail that came back, or that is answered in words
  outcome       TEXT    NOT NULL CHECK (outcome IN ('taken', 'known', 'overtaken', 'stale', 'bounced', 'delayed', 'person')),
  why           TEXT    NOT NULL,            -- what became of it, as a sentence
  sender        TEXT    NOT NULL,            -- as it says; nobody has checked
  subject       TEXT    NOT NULL,
  body          TEXT    NOT NULL,            -- the beginning of its text
  received_at   BIGINT  NOT NULL,
  handled_by    TEXT,
  handled_at    BIGINT,
  wiped_at      BIGINT,
  CHECK ((handled_by IS NULL) = (handled_at IS NULL))
);
CREATE INDEX inbox_by_event ON inbox (event_id, received_at);
CREATE INDEX inbox_kept ON inbox (received_at) WHERE wiped_at IS NULL;

-- How far each mailbox has been read (RFC 9051 2.3.1.1: a UID means a mail only beside its UIDVALIDITY).
CREATE TABLE mailboxes (
  name         TEXT   PRIMARY KEY NOT NULL,
  uid_validity BIGINT NOT NULL,
  last_uid     BIGINT NOT NULL,
  looked_at    BIGINT NOT NULL,
  last_error   TEXT
);

-- When the last copy of a mail that the relay had taken came back.
ALTER TABLE outbox ADD COLUMN bounced_at BIGINT;
