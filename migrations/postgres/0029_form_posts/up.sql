-- Forms that were sent, so that one that is sent twice acts once and gets the first answer again. Kept for a day.
CREATE TABLE form_posts (
  key_hash   TEXT   PRIMARY KEY NOT NULL,     -- SHA-256 of the user, the address and the form with its token
  answer     TEXT,                            -- sealed with what is not stored; nothing while the form is worked on
  created_at BIGINT NOT NULL
);
CREATE INDEX form_posts_by_age ON form_posts (created_at);
