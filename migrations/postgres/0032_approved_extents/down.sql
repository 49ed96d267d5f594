ALTER TABLE overrides DROP COLUMN approved;
