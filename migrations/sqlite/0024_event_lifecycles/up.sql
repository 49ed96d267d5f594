-- What becomes of an event when it is over. No row: it is in use, and nothing is erased by itself.
CREATE TABLE event_lifecycles (
  event_id         BIGINT  PRIMARY KEY NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  archived_at      BIGINT,                    -- from then on nothing about it is changed
  erase_after_days INTEGER CHECK (erase_after_days BETWEEN 1 AND 3650),  -- after its last day; none: never
  erased_at        BIGINT                     -- when contacts and mail were erased, as that says
);
