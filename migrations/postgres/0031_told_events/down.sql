ALTER TABLE notices DROP COLUMN organizer;
UPDATE answers SET told = (told::jsonb - 'event')::text;
UPDATE notices SET told = (told::jsonb - 'event')::text;
