DROP TABLE outbox;
DROP TABLE notices;
