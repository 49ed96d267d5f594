-- The event and whoever and whatever takes part in it.
CREATE TABLE events (
  id                      BIGINT PRIMARY KEY NOT NULL,
  slug                    TEXT    NOT NULL UNIQUE,
  name                    TEXT    NOT NULL,
  name_ja                 TEXT    NOT NULL,
  venue                   TEXT    NOT NULL,
  venue_ja                TEXT    NOT NULL,
  time_zone               TEXT    NOT NULL,   -- IANA name
  office_name             TEXT    NOT NULL,   -- the protocol office: organiser of every invitation
  office_email            TEXT    NOT NULL,
  office_phone            TEXT    NOT NULL,
  grid_minutes            INTEGER NOT NULL CHECK (grid_minutes BETWEEN 1 AND 60),
  minimum_gap_minutes     INTEGER NOT NULL CHECK (minimum_gap_minutes BETWEEN 0 AND 240),
  chair_run_minutes       INTEGER NOT NULL CHECK (chair_run_minutes BETWEEN 15 AND 1440),
  chair_rest_needs_reason BOOLEAN NOT NULL,
  interpreter_alone_minutes INTEGER NOT NULL CHECK (interpreter_alone_minutes BETWEEN 10 AND 1440),
  interpreter_team_minutes  INTEGER NOT NULL CHECK (interpreter_team_minutes BETWEEN 10 AND 1440),
  interpreter_rest_minutes  INTEGER NOT NULL CHECK (interpreter_rest_minutes BETWEEN 5 AND 240),
  revision                BIGINT  NOT NULL,   -- raised first by every writing transaction
  created_at              BIGINT  NOT NULL
);

CREATE TABLE event_days (
  event_id BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  day      DATE    NOT NULL,                  -- in the venue's zone
  opens    INTEGER NOT NULL CHECK (opens BETWEEN 0 AND 1440),   -- minutes after midnight at the venue
  closes   INTEGER NOT NULL CHECK (closes BETWEEN 0 AND 1440),
  PRIMARY KEY (event_id, day),
  CHECK (closes > opens)
);

CREATE TABLE memberships (
  user_id  BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  event_id BIGINT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  role     TEXT   NOT NULL CHECK (role IN ('officer', 'observer')),
  PRIMARY KEY (user_id, event_id)
);

-- Whatever can be double-booked. The long key lets `occupancy` carry kind and turnaround and be kept true.
CREATE TABLE resources (
  id                 BIGINT PRIMARY KEY NOT NULL,
  event_id           BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  kind               TEXT    NOT NULL CHECK (kind IN ('delegation', 'room', 'interpreter')),
  code               TEXT    NOT NULL,
  turnaround_minutes INTEGER NOT NULL CHECK (turnaround_minutes BETWEEN 0 AND 240),
  UNIQUE (event_id, kind, code),
  UNIQUE (id, event_id, kind, turnaround_minutes)
);

CREATE TABLE rooms (
  id       BIGINT PRIMARY KEY NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
  event_id BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  name     TEXT    NOT NULL,
  name_ja  TEXT    NOT NULL,
  capacity INTEGER NOT NULL CHECK (capacity BETWEEN 1 AND 100000),
  position INTEGER NOT NULL                   -- order on screen and in the event file
);

CREATE TABLE delegations (
  id              BIGINT PRIMARY KEY NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
  event_id        BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  name            TEXT    NOT NULL,
  name_ja         TEXT    NOT NULL,
  role            TEXT    NOT NULL CHECK (role IN ('chair', 'guest')),
  principal       TEXT    NOT NULL,
  principal_ja    TEXT    NOT NULL,
  principal_title TEXT    NOT NULL,
  precedence      INTEGER NOT NULL,
  time_zone       TEXT    NOT NULL,
  languages       TEXT    NOT NULL,           -- BCP 47 tags, space between
  party_size      INTEGER NOT NULL CHECK (party_size BETWEEN 1 AND 10000)
);
CREATE UNIQUE INDEX one_chair ON delegations (event_id) WHERE role = 'chair';

CREATE TABLE interpreters (
  id       BIGINT PRIMARY KEY NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
  event_id BIGINT  NOT NULL REFERENCES events (id) ON DELETE CASCADE,
  name     TEXT    NOT NULL,
  pairs    TEXT    NOT NULL,                  -- 'ja>ru ja>en', both ways
  position INTEGER NOT NULL
);

CREATE TABLE contacts (
  id            BIGINT PRIMARY KEY NOT NULL,
  delegation_id BIGINT  NOT NULL REFERENCES delegations (id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  email         TEXT    NOT NULL,
  language      TEXT    NOT NULL,
  letters_only  BOOLEAN NOT NULL,
  position      INTEGER NOT NULL,
  UNIQUE (delegation_id, email)
);

-- When a delegation or an interpreter is there; none at all means always.
CREATE TABLE presences (
  resource_id BIGINT  NOT NULL REFERENCES resources (id) ON DELETE CASCADE,
  arrives_at  INTEGER NOT NULL,               -- minutes since 1970 UTC, as all programme times
  departs_at  INTEGER NOT NULL,
  PRIMARY KEY (resource_id, arrives_at),
  CHECK (departs_at > arrives_at)
);
