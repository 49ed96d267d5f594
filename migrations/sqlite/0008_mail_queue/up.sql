-- Whether mail waits because somebody said so: one row, for every server that shares the database.
CREATE TABLE mail_queue (
  id         INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
  paused_by  TEXT,
  paused_at  BIGINT,
  CHECK ((paused_by IS NULL) = (paused_at IS NULL))
);
INSERT INTO mail_queue (id) VALUES (1);

-- When the content of a mail that had long gone out was wiped; who was told what, and when, stays.
ALTER TABLE outbox ADD COLUMN wiped_at BIGINT;
CREATE INDEX outbox_kept ON outbox (created_at) WHERE wiped_at IS NULL;

-- A worker looks for the next mail, for what has waited too long and for what is held with every mail it sends.
DROP INDEX outbox_waiting;
CREATE INDEX outbox_next ON outbox (next_at, created_at, sequence, id) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_too_late ON outbox (give_up_at) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_held ON outbox (created_at, id) WHERE state = 'held';
