ALTER TABLE slots DROP COLUMN accompanying;
ALTER TABLE slots DROP COLUMN format;
INSERT INTO room_kinds SELECT room_id, 'other' FROM room_kinds k WHERE kind = 'multilateral'
  AND NOT EXISTS (SELECT 1 FROM room_kinds o WHERE o.room_id = k.room_id AND o.kind = 'other');
DELETE FROM room_kinds WHERE kind = 'multilateral';
UPDATE slots SET kind = 'other' WHERE kind = 'multilateral';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''bilateral'', ''multilateral'', ''meal''', '''bilateral'', ''meal''')
WHERE type = 'table' AND name = 'slots';
PRAGMA writable_schema = RESET;
-- Tells other connections that the schema has changed.
CREATE INDEX slots_changed ON slots (id);
DROP INDEX slots_changed;
