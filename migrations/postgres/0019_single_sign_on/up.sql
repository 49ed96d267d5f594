-- Single sign-on (OpenID Connect). Sign-ins that have been sent to the provider and are not back yet: any server may
-- take the answer. All that has to stay secret (state, nonce, the proof of PKCE) is derived from the cookie.
CREATE TABLE sign_on_flows (
  token_hash TEXT   PRIMARY KEY NOT NULL,     -- SHA-256 of the cookie, never the cookie
  onward     TEXT   NOT NULL,                 -- where the sign-in leads: the page asked for, or the form that waits
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

-- Which account is whose at the provider, from the first sign-in by a verified e-mail address on.
CREATE TABLE sign_on_identities (
  issuer     TEXT   NOT NULL,
  subject    TEXT   NOT NULL,
  user_id    BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (issuer, subject),
  UNIQUE (user_id, issuer)                    -- an address that goes over to somebody else takes no account along
);
