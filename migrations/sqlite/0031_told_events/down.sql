ALTER TABLE notices DROP COLUMN organizer;
UPDATE answers SET told = json_remove(told, '$.event');
UPDATE notices SET told = json_remove(told, '$.event');
