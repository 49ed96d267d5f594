-- How closely somebody looks at timetables: the minutes between two lines.
ALTER TABLE users ADD COLUMN zoom TEXT NOT NULL DEFAULT '15' CHECK (zoom IN ('5', '15', '30'));
