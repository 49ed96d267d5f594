DROP TABLE invitations;
DELETE FROM outbox WHERE event_id IS NULL;
ALTER TABLE outbox ALTER COLUMN event_id SET NOT NULL;
