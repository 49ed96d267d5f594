-- Links by which people set a password of their own: for an account that has none yet, or in the place of one.
CREATE TABLE invitations (
  token_hash TEXT   PRIMARY KEY NOT NULL,     -- SHA-256 of what stands in the link, never that itself
  user_id    BIGINT NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,   -- a newer one takes its place
  kind       TEXT   NOT NULL CHECK (kind IN ('invitation', 'reset')),
  mail_id    BIGINT REFERENCES outbox (id) ON DELETE SET NULL,   -- the letter that has it; none: it was handed over
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- A letter about an account belongs to no event.
ALTER TABLE outbox ALTER COLUMN event_id DROP NOT NULL;
