UPDATE delegations SET role = 'guest' WHERE role = 'invited';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '(''chair'', ''guest'', ''invited'')', '(''chair'', ''guest'')')
WHERE type = 'table' AND name = 'delegations';
PRAGMA writable_schema = RESET;
-- Tells other connections that the schema has changed.
CREATE INDEX delegations_changed ON delegations (id);
DROP INDEX delegations_changed;
