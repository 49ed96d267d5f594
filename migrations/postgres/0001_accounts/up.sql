-- People who sign in, what they may do, and their sessions.
CREATE TABLE users (
  id            BIGINT PRIMARY KEY NOT NULL,
  email         TEXT    NOT NULL UNIQUE,      -- lower case
  name          TEXT    NOT NULL,
  password_hash TEXT    NOT NULL,             -- Argon2id, PHC string
  admin         BOOLEAN NOT NULL,
  disabled_at   BIGINT,                       -- seconds since 1970 UTC, as all *_at of bookkeeping
  created_at    BIGINT  NOT NULL
);

CREATE TABLE sessions (
  token_hash   TEXT   PRIMARY KEY NOT NULL,   -- SHA-256 of the cookie, never the cookie
  user_id      BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at   BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL                -- the absolute limit, not moved by activity
);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Failed sign-ins, counted per account and per address.
CREATE TABLE sign_in_failures (
  throttle_key TEXT   PRIMARY KEY NOT NULL,   -- 'account:…' or 'address:…'
  failures     INTEGER NOT NULL,
  window_ends_at BIGINT NOT NULL
);
