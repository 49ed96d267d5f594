ALTER TABLE slots DROP COLUMN accompanying;
ALTER TABLE slots DROP COLUMN format;
UPDATE slots SET kind = 'other' WHERE kind = 'multilateral';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''bilateral'', ''multilateral'', ''meal''', '''bilateral'', ''meal''')
WHERE type = 'table' AND name = 'slots';
PRAGMA writable_schema = RESET;
CREATE INDEX slots_changed ON slots (id);
DROP INDEX slots_changed;
