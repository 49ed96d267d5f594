DROP INDEX outbox_held;
DROP INDEX outbox_too_late;
DROP INDEX outbox_next;
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE state IN ('queued', 'sending', 'held');
DROP INDEX outbox_kept;
ALTER TABLE outbox DROP COLUMN wiped_at;
DROP TABLE mail_queue;
