-- The second factor: codes of a device (TOTP), and recovery codes for the day it is lost.
CREATE TABLE second_factors (
  user_id    BIGINT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  seed       TEXT   NOT NULL,                 -- encrypted with a key that is not in this database, bound to the user
  last_step  BIGINT NOT NULL,                 -- the latest half minute whose code was used; it only grows
  created_at BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
  user_id   BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  code_hash TEXT   NOT NULL,                  -- SHA-256 of 80 random bits; a used one is deleted
  PRIMARY KEY (user_id, code_hash)
);

-- Sign-ins that have shown the password and not yet the second factor. A row opens no page but the next step.
CREATE TABLE sign_in_steps (
  token_hash TEXT   PRIMARY KEY NOT NULL,     -- SHA-256 of the cookie, never the cookie
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sign_in_steps_by_user ON sign_in_steps (user_id);

-- What holds for all accounts: one row.
CREATE TABLE account_rules (
  id                     BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
  second_factor_required BOOLEAN NOT NULL     -- of officers and administrators
);
INSERT INTO account_rules (id, second_factor_required) VALUES (1, FALSE);

-- When somebody else took a user's second factor away, until the user has a new one: they are told.
ALTER TABLE users ADD COLUMN factor_reset_at BIGINT;
