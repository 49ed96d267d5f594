DROP TABLE link_passes;
ALTER TABLE private_links DROP COLUMN seen_over_at;
ALTER TABLE private_links DROP COLUMN last_used_at;
ALTER TABLE private_links DROP COLUMN first_used_at;
ALTER TABLE private_links DROP COLUMN issued_at;
