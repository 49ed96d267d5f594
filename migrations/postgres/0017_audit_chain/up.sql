-- Each row carries the SHA-256 over its own content and the hash of the row before it, of the same event (rows of no event
-- are a chain of their own). Rows from before this migration are given theirs once, by the program.
ALTER TABLE audit ADD COLUMN hash TEXT;
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.hash IS NULL AND NEW.hash IS NOT NULL AND to_jsonb(NEW) - 'hash' = to_jsonb(OLD) - 'hash' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit rows are never changed or deleted';
END $$;
