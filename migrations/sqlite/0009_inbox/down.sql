ALTER TABLE outbox DROP COLUMN bounced_at;
DROP TABLE mailboxes;
DROP TABLE inbox;
