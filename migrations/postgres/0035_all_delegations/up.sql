-- A slot for all delegations is joined by those that are added later. A slot that all of at least three take part in was
-- meant for all: until now there was no other way to say so. A bilateral never is.
ALTER TABLE slots ADD COLUMN all_delegations BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE slots SET all_delegations = TRUE
WHERE kind <> 'bilateral' AND state <> 'cancelled'
  AND (SELECT count(*) FROM delegations d WHERE d.event_id = slots.event_id) > 2
  AND NOT EXISTS (
    SELECT 1 FROM delegations d WHERE d.event_id = slots.event_id AND NOT EXISTS (
      SELECT 1 FROM occupancy o WHERE o.slot_id = slots.id AND o.resource_id = d.id));
