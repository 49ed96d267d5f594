ALTER TABLE slots DROP COLUMN accompanying;
ALTER TABLE slots DROP COLUMN format;
INSERT INTO room_kinds SELECT room_id, 'other' FROM room_kinds k WHERE kind = 'multilateral'
  AND NOT EXISTS (SELECT 1 FROM room_kinds o WHERE o.room_id = k.room_id AND o.kind = 'other');
DELETE FROM room_kinds WHERE kind = 'multilateral';
UPDATE slots SET kind = 'other' WHERE kind = 'multilateral';
ALTER TABLE slots DROP CONSTRAINT slots_kind_check;
ALTER TABLE slots ADD CONSTRAINT slots_kind_check CHECK (kind IN
  ('plenary', 'bilateral', 'meal', 'press', 'photo', 'ceremony', 'courtesy_call', 'break', 'other'));
