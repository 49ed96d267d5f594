-- How far the finding went for which a reason was given: minutes, people. None: given in an earlier release; the first
-- program that opens the database measures what is true then.
ALTER TABLE overrides ADD COLUMN approved INTEGER;
