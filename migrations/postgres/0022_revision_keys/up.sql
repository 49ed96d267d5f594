-- A number drawn anew with every revision: a database that was set back to a copy comes to the same revisions again,
-- but never to the same keys, so that nothing that was read before is taken for what is stored now.
ALTER TABLE events ADD COLUMN revision_key BIGINT NOT NULL DEFAULT 0
  CHECK (revision_key BETWEEN 0 AND 4503599627370495);   -- 52 bits, exact in JSON
