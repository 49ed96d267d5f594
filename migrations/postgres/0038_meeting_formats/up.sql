-- Meetings have a format, and an agreed number of people with each principal. A multilateral is a kind of its own.
ALTER TABLE slots DROP CONSTRAINT slots_kind_check;
ALTER TABLE slots ADD CONSTRAINT slots_kind_check CHECK (kind IN
  ('plenary', 'bilateral', 'multilateral', 'meal', 'press', 'photo', 'ceremony', 'courtesy_call', 'break', 'other'));
ALTER TABLE slots ADD COLUMN format TEXT CHECK (format IN ('tete_a_tete', 'restricted', 'expanded', 'pull_aside'));
ALTER TABLE slots ADD COLUMN accompanying INTEGER CHECK (accompanying BETWEEN 0 AND 99);
