-- Each row carries the SHA-256 over its own content and the hash of the row before it, of the same event (rows of no event
-- are a chain of their own). Rows from before this migration are given theirs once, by the program: SQL has no SHA-256 here.
ALTER TABLE audit ADD COLUMN hash TEXT;
DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN NOT (
  OLD.hash IS NULL AND NEW.hash IS NOT NULL
  AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.event_id IS OLD.event_id AND NEW.revision IS OLD.revision
  AND NEW.actor_id IS OLD.actor_id AND NEW.actor IS OLD.actor AND NEW.action IS OLD.action
  AND NEW.subject_id IS OLD.subject_id AND NEW.subject IS OLD.subject
  AND NEW.before_json IS OLD.before_json AND NEW.after_json IS OLD.after_json
) BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
