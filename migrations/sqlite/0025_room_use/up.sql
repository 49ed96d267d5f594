-- Which kinds of slot a room is for; none at all means every kind.
CREATE TABLE room_kinds (
  room_id BIGINT NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
  kind    TEXT   NOT NULL,
  PRIMARY KEY (room_id, kind)
);

-- When a room cannot be used, and why.
CREATE TABLE room_closures (
  room_id   BIGINT  NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
  starts_at INTEGER NOT NULL,                 -- minutes since 1970 UTC, as all programme times
  ends_at   INTEGER NOT NULL,
  reason    TEXT    NOT NULL,                 -- may be empty
  PRIMARY KEY (room_id, starts_at),
  CHECK (ends_at > starts_at)
);
