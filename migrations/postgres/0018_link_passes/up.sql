-- Since when a delegation's private links are good, and when they were opened. Every delegation has a row now; links that
-- were given out before count from today.
ALTER TABLE private_links ADD COLUMN issued_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE private_links ADD COLUMN first_used_at BIGINT;   -- since they were issued; nothing while nobody opened one
ALTER TABLE private_links ADD COLUMN last_used_at BIGINT;
ALTER TABLE private_links ADD COLUMN seen_over_at BIGINT;    -- when one was tried after its end: a clock set back revives none
INSERT INTO private_links (delegation_id, generation)
  SELECT id, 0 FROM delegations WHERE id NOT IN (SELECT delegation_id FROM private_links);
UPDATE private_links SET issued_at = CAST(extract(epoch FROM now()) AS BIGINT);

-- Browsers in which a private link was opened: what the cookie opens, and until when.
CREATE TABLE link_passes (
  token_hash    TEXT    PRIMARY KEY NOT NULL,  -- SHA-256 of the cookie, never the cookie
  delegation_id BIGINT  NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  generation    INTEGER NOT NULL,              -- of the link; it opens nothing once the links are made anew
  created_at    BIGINT  NOT NULL,
  expires_at    BIGINT  NOT NULL
);
CREATE INDEX link_passes_by_delegation ON link_passes (delegation_id);
