-- The programme. `occupancy` says who and which room take part, and carries a copy of the slot's times that the
-- composite foreign key keeps true; the refusal of overlaps sits on it.
CREATE TABLE slots (
  id         INTEGER PRIMARY KEY NOT NULL,
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
  -- SQLite keeps whatever it is given: times of text would compare, and overlap unseen.
  CHECK (typeof(starts_at) = 'integer' AND typeof(ends_at) = 'integer'),
  CHECK (max(abs(starts_at), abs(ends_at)) < 2147483648),
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
CREATE INDEX occupancy_by_resource ON occupancy (resource_id, starts_at) WHERE holds;
CREATE UNIQUE INDEX one_room_a_slot ON occupancy (slot_id) WHERE kind = 'room';

-- 1680 = longest slot (1440) + longest turnaround (240): bounds the scan.
CREATE TRIGGER no_overlap_insert BEFORE INSERT ON occupancy WHEN NEW.holds BEGIN
  SELECT RAISE(ABORT, 'no_overlap') WHERE EXISTS (
    SELECT 1 FROM occupancy o
    WHERE o.resource_id = NEW.resource_id AND o.holds AND o.slot_id <> NEW.slot_id
      AND o.starts_at > NEW.starts_at - 1680
      AND o.starts_at < NEW.ends_at + iif(NEW.turnaround_waived, 0, NEW.turnaround_minutes)
      AND o.ends_at + iif(o.turnaround_waived, 0, o.turnaround_minutes) > NEW.starts_at);
END;
CREATE TRIGGER no_overlap_update BEFORE UPDATE ON occupancy WHEN NEW.holds BEGIN
  SELECT RAISE(ABORT, 'no_overlap') WHERE EXISTS (
    SELECT 1 FROM occupancy o
    WHERE o.resource_id = NEW.resource_id AND o.holds AND o.rowid <> OLD.rowid
      AND o.starts_at > NEW.starts_at - 1680
      AND o.starts_at < NEW.ends_at + iif(NEW.turnaround_waived, 0, NEW.turnaround_minutes)
      AND o.ends_at + iif(o.turnaround_waived, 0, o.turnaround_minutes) > NEW.starts_at);
END;

-- A rule set aside with a reason. In force while both slots stand where they stood (`placement`).
CREATE TABLE overrides (
  id              INTEGER PRIMARY KEY NOT NULL,
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
