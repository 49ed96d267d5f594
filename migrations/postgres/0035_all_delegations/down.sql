ALTER TABLE slots DROP COLUMN all_delegations;
