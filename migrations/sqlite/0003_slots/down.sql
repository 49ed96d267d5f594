DROP TABLE overrides;
DROP TABLE occupancy;
DROP TABLE slots;
