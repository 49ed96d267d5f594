ALTER TABLE users DROP COLUMN factor_reset_at;
DROP TABLE account_rules;
DROP TABLE sign_in_steps;
DROP TABLE recovery_codes;
DROP TABLE second_factors;
