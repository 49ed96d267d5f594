-- Who changed what, and from what to what. Rows are added and never touched again.
CREATE TABLE audit (
  id          INTEGER PRIMARY KEY NOT NULL,
  at          BIGINT  NOT NULL,
  event_id    BIGINT,
  revision    BIGINT,
  actor_id    BIGINT,
  actor       TEXT    NOT NULL,
  action      TEXT    NOT NULL,               -- 'slot.booked', 'room.changed', …
  subject_id  BIGINT,
  subject     TEXT    NOT NULL,
  before_json TEXT,
  after_json  TEXT
);
CREATE INDEX audit_by_subject ON audit (subject_id);
CREATE INDEX audit_by_event ON audit (event_id, id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never changed'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit rows are never deleted'); END;
-- INSERT OR REPLACE deletes the old row without asking the trigger above.
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) BEGIN
  SELECT RAISE(ABORT, 'audit rows are never replaced');
END;
