DROP TABLE event_lifecycles;
