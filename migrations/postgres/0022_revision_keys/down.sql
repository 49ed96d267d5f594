ALTER TABLE events DROP COLUMN revision_key;
