ALTER TABLE slots DROP COLUMN accompanying;
ALTER TABLE slots DROP COLUMN format;
UPDATE slots SET kind = 'other' WHERE kind = 'multilateral';
ALTER TABLE slots DROP CONSTRAINT slots_kind_check;
ALTER TABLE slots ADD CONSTRAINT slots_kind_check CHECK (kind IN
  ('plenary', 'bilateral', 'meal', 'press', 'photo', 'ceremony', 'courtesy_call', 'break', 'other'));
