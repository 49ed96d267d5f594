DROP TABLE private_links;
DROP TABLE answers;
