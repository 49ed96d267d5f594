-- Which delegations see a slot beside those that take part in it. Until now each saw every plenary. A plenary of all
-- delegations is still shown to those that are added later; one of some delegations is theirs alone from now on.
ALTER TABLE slots ADD COLUMN audience TEXT NOT NULL DEFAULT 'participants'
  CHECK (audience IN ('participants', 'named', 'all'));
UPDATE slots SET audience = 'all' WHERE kind = 'plenary' AND NOT EXISTS (
  SELECT 1 FROM delegations d WHERE d.event_id = slots.event_id AND NOT EXISTS (
    SELECT 1 FROM occupancy o WHERE o.slot_id = slots.id AND o.resource_id = d.id));
-- Those of an audience that is named.
CREATE TABLE slot_audiences (
  slot_id       BIGINT NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
  delegation_id BIGINT NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  PRIMARY KEY (slot_id, delegation_id)
);
CREATE INDEX slot_audiences_by_delegation ON slot_audiences (delegation_id);
