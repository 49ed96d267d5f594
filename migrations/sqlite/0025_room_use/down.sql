DROP TABLE room_closures;
DROP TABLE room_kinds;
