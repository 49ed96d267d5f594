-- A row of the history whose personal data was erased names the row that recorded the erasure; its hash stays what it was, so
-- that the chain still holds. Everything but names and values stays as it was written.
ALTER TABLE audit ADD COLUMN redaction BIGINT;
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.hash IS NULL AND NEW.hash IS NOT NULL AND to_jsonb(NEW) - 'hash' = to_jsonb(OLD) - 'hash' THEN
      RETURN NEW;
    END IF;
    IF OLD.action <> 'history.redacted'
       AND to_jsonb(NEW) - '{actor,subject,before_json,after_json,redaction}'::text[]
         = to_jsonb(OLD) - '{actor,subject,before_json,after_json,redaction}'::text[]
       AND EXISTS (
         SELECT 1 FROM audit r
         WHERE r.id = NEW.redaction AND r.id > OLD.id AND r.event_id IS NOT DISTINCT FROM OLD.event_id
           AND r.action = 'history.redacted'
       ) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit rows are never changed or deleted';
END $$;
CREATE INDEX audit_redactions ON audit (id) WHERE action = 'history.redacted';
-- After a way down and up again the records are there already: the rows that they list name them again, each the latest.
WITH latest AS (
  SELECT e.value::bigint AS row_id, max(r.id) AS by
  FROM audit r, jsonb_array_elements(r.after_json::jsonb -> 'rows') AS e (value)
  WHERE r.action = 'history.redacted'
  GROUP BY e.value::bigint
)
UPDATE audit SET redaction = latest.by
FROM latest, audit r
WHERE audit.id = latest.row_id AND r.id = latest.by
  AND audit.action <> 'history.redacted' AND r.id > audit.id AND r.event_id IS NOT DISTINCT FROM audit.event_id;
