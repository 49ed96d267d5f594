-- Links by which a calendar program reads an event's programme for one of the staff: whose each is, and its hash.
CREATE TABLE calendar_links (
  id           BIGINT PRIMARY KEY NOT NULL,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  event_id     BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  token_hash   TEXT   NOT NULL UNIQUE,        -- SHA-256 of the token, never the token
  name         TEXT   NOT NULL,               -- what its owner made it for
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT                         -- to the hour; nothing while it was never used
);
CREATE INDEX calendar_links_by_user ON calendar_links (user_id, event_id);
CREATE INDEX calendar_links_by_event ON calendar_links (event_id);
