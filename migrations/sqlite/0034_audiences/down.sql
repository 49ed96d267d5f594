DROP TABLE slot_audiences;
ALTER TABLE slots DROP COLUMN audience;
