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
