-- What comes with a letter on paper. What it says is written with the letter, in the same transaction; it is set once,
-- before the first try, and every try sends the same.
CREATE TABLE enclosures (
  mail_id BIGINT  PRIMARY KEY NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  name    TEXT    NOT NULL,                   -- of the file
  state   TEXT    NOT NULL CHECK (state IN ('waiting', 'set', 'left_out')),
  says    TEXT    NOT NULL,                   -- JSON while it waits, empty afterwards
  letter  BLOB    NOT NULL,                   -- the mail that goes with it: with an empty place while it waits; finished once it is set
  fault   TEXT                                -- why it was left out: then the mail goes as the outbox has it
);
