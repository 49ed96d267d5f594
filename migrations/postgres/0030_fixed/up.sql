-- Neither a plan nor the handling of delays moves a slot that is fixed.
ALTER TABLE slots ADD COLUMN fixed BOOLEAN NOT NULL DEFAULT FALSE;
