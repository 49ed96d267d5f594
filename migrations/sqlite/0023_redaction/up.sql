-- A row of the history whose personal data was erased names the row that recorded the erasure; its hash stays what it was, so
-- that the chain still holds. Everything but names and values stays as it was written.
ALTER TABLE audit ADD COLUMN redaction BIGINT;
DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit WHEN NOT (
  NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.event_id IS OLD.event_id AND NEW.revision IS OLD.revision
  AND NEW.actor_id IS OLD.actor_id AND NEW.action IS OLD.action AND NEW.subject_id IS OLD.subject_id
  AND (
    (
      OLD.hash IS NULL AND NEW.hash IS NOT NULL AND NEW.redaction IS OLD.redaction
      AND NEW.actor IS OLD.actor AND NEW.subject IS OLD.subject
      AND NEW.before_json IS OLD.before_json AND NEW.after_json IS OLD.after_json
    ) OR (
      NEW.hash IS OLD.hash AND OLD.action <> 'history.redacted'
      AND EXISTS (
        SELECT 1 FROM audit r
        WHERE r.id = NEW.redaction AND r.id > OLD.id AND r.event_id IS OLD.event_id AND r.action = 'history.redacted'
      )
    )
  )
) BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE INDEX audit_redactions ON audit (id) WHERE action = 'history.redacted';
-- After a way down and up again the records are there already: the rows that they list name them again, each the latest.
WITH latest AS (
  SELECT e.value AS row_id, max(r.id) AS by
  FROM audit r, json_each(CASE WHEN json_valid(r.after_json) THEN r.after_json ELSE '{}' END, '$.rows') e
  WHERE r.action = 'history.redacted'
  GROUP BY e.value
)
UPDATE audit SET redaction = latest.by
FROM latest, audit r
WHERE audit.id = latest.row_id AND r.id = latest.by
  AND audit.action <> 'history.redacted' AND r.id > audit.id AND r.event_id IS audit.event_id;
