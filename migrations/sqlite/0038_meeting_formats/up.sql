-- Meetings have a format, and an agreed number of people with each principal. A multilateral is a kind of its own.
-- SQLite changes a CHECK only by a new table, which would take the rows that refer to it along, or in the text of the
-- schema (https://www.sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes").
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''bilateral'', ''meal''', '''bilateral'', ''multilateral'', ''meal''')
WHERE type = 'table' AND name = 'slots';
PRAGMA writable_schema = RESET;
ALTER TABLE slots ADD COLUMN format TEXT CHECK (format IN ('tete_a_tete', 'restricted', 'expanded', 'pull_aside'));
ALTER TABLE slots ADD COLUMN accompanying INTEGER CHECK (accompanying BETWEEN 0 AND 99);
