DROP TRIGGER audit_no_update;
ALTER TABLE audit DROP COLUMN hash;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
