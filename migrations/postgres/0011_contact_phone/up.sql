-- Whom to ring on the day: it stands on the minister's card. Empty where nobody said.
ALTER TABLE contacts ADD COLUMN phone TEXT NOT NULL DEFAULT '';
