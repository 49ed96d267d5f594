-- Tokens with which programs act for a user: what each may do at most, and its hash.
CREATE TABLE api_tokens (
  id           INTEGER PRIMARY KEY NOT NULL,
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token_hash   TEXT   NOT NULL UNIQUE,        -- SHA-256 of the token, never the token
  name         TEXT   NOT NULL,               -- what its owner made it for
  scope        TEXT   NOT NULL CHECK (scope IN ('read', 'write')),
  created_at   BIGINT NOT NULL,
  last_used_at BIGINT                         -- to the minute; nothing while it was never used
);
CREATE INDEX api_tokens_by_user ON api_tokens (user_id);

-- What was booked under a key that a program chose, so that a request that is sent twice books once. Kept for a day.
CREATE TABLE idempotency_keys (
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  event_id     BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  request_key  TEXT   NOT NULL,
  request_hash TEXT   NOT NULL,               -- SHA-256 of the body
  slot_id      BIGINT NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
  answer       TEXT   NOT NULL,               -- JSON, as it was given the first time
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (user_id, event_id, request_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (event_id, created_at);
