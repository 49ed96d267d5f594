-- A guest or an organisation may be invited to single sessions.
-- The CHECK is changed as in 0038.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(''chair'', ''guest'')', '(''chair'', ''guest'', ''invited'')')
WHERE type = 'table' AND name = 'delegations';
PRAGMA writable_schema = RESET;
-- Tells other connections that the schema has changed.
CREATE INDEX delegations_changed ON delegations (id);
DROP INDEX delegations_changed;
