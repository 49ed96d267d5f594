-- The programme. `occupancy` says who and which room take part, and carries a copy of the slot's times that the
-- composite foreign key keeps true; the refusal of overlaps sits on it.
CREATE TABLE slots (
  id         BIGINT PRIMARY KEY NOT NULL,
  event_id   BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  kind       TEXT    NOT NULL CHECK (kind IN
    ('plenary', 'bilateral', 'meal', 'press', 'photo', 'ceremony', 'courtesy_call', 'break', 'other')),
  title      TEXT    NOT NULL,
  note       TEXT    NOT NULL,                -- internal: never leaves the protocol office
  starts_at  INTEGER NOT NULL,
  ends_at    INTEGER NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('pencilled', 'tentative', 'confirmed', 'cancelled')),
  holds      BOOLEAN NOT NULL,
  interpretation_wanted BOOLEAN NOT NULL,     -- its sides are to be interpreted for each other
  version    INTEGER NOT NULL,                -- every write
  sequence   INTEGER NOT NULL,                -- every change a delegation must hear of
  placement  INTEGER NOT NULL,                -- every change of time, room or participants
  created_at BIGINT  NOT NULL,
  updated_at BIGINT  NOT NULL,
  CHECK (ends_at > starts_at AND ends_at - starts_at <= 1440),
  CHECK (holds = (state IN ('tentative', 'confirmed'))),
  UNIQUE (id, event_id, starts_at, ends_at, holds)
);
CREATE INDEX slots_by_event ON slots (event_id, starts_at);

CREATE TABLE occupancy (
  slot_id            BIGINT  NOT NULL,
  resource_id        BIGINT  NOT NULL,
  event_id           BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  kind               TEXT    NOT NULL,
  starts_at          INTEGER NOT NULL,
  ends_at            INTEGER NOT NULL,
  holds              BOOLEAN NOT NULL,
  turnaround_minutes INTEGER NOT NULL,
  turnaround_waived  BOOLEAN NOT NULL,        -- an override lets the next slot begin sooner
  PRIMARY KEY (slot_id, resource_id),
  FOREIGN KEY (slot_id, event_id, starts_at, ends_at, holds)
    REFERENCES slots (id, event_id, starts_at, ends_at, holds) ON UPDATE CASCADE ON DELETE CASCADE,
  FOREIGN KEY (resource_id, event_id, kind, turnaround_minutes)
    REFERENCES resources (id, event_id, kind, turnaround_minutes) ON UPDATE CASCADE
);
CREATE UNIQUE INDEX one_room_a_slot ON occupancy (slot_id) WHERE kind = 'room';

-- btree_gist is a trusted extension: the owner of the database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE occupancy ADD CONSTRAINT no_overlap EXCLUDE USING gist (
  resource_id WITH =,
  int4range(starts_at, ends_at + CASE WHEN turnaround_waived THEN 0 ELSE turnaround_minutes END) WITH &&
) WHERE (holds);

-- A rule set aside with a reason. In force while both slots stand where they stood (`placement`).
CREATE TABLE overrides (
  id              BIGINT PRIMARY KEY NOT NULL,
  event_id        BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  slot_id         BIGINT  NOT NULL REFERENCES slots (id) ON DELETE CASCADE,
  slot_placement  INTEGER NOT NULL,
  other_slot_id   BIGINT  REFERENCES slots (id) ON DELETE CASCADE,
  other_placement INTEGER,
  resource_kind   TEXT,                       -- whom or what it concerns, where the rule is about one
  resource_id     BIGINT,
  rule            TEXT    NOT NULL,
  reason          TEXT    NOT NULL,
  author          TEXT    NOT NULL,
  created_at      BIGINT  NOT NULL,
  CHECK ((other_slot_id IS NULL) = (other_placement IS NULL)),
  CHECK ((resource_kind IS NULL) = (resource_id IS NULL))
);
CREATE INDEX overrides_by_event ON overrides (event_id);
