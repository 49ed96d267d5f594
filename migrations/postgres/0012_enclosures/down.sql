DROP TABLE enclosures;
