DROP TABLE sign_on_identities;
DROP TABLE sign_on_flows;
