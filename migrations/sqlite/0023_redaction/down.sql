DROP INDEX audit_redactions;
DROP TRIGGER audit_no_update;
ALTER TABLE audit DROP COLUMN redaction;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN NOT (
  OLD.hash IS NULL AND NEW.hash IS NOT NULL
  AND NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.event_id IS OLD.event_id AND NEW.revision IS OLD.revision
  AND NEW.actor_id IS OLD.actor_id AND NEW.actor IS OLD.actor AND NEW.action IS OLD.action
  AND NEW.subject_id IS OLD.subject_id AND NEW.subject IS OLD.subject
  AND NEW.before_json IS OLD.before_json AND NEW.after_json IS OLD.after_json
) BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
