CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'audit rows are never changed or deleted'; END $$;
ALTER TABLE audit DROP COLUMN hash;
