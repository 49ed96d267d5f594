-- Browsers in which somebody has signed in before: others who guess at the account do not shut its owner out there.
CREATE TABLE known_devices (
  token_hash TEXT   NOT NULL,                 -- SHA-256 of the cookie, never the cookie
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (token_hash, user_id)
);
CREATE INDEX known_devices_by_user ON known_devices (user_id);
