UPDATE delegations SET role = 'guest' WHERE role = 'invited';
ALTER TABLE delegations DROP CONSTRAINT delegations_role_check;
ALTER TABLE delegations ADD CONSTRAINT delegations_role_check CHECK (role IN ('chair', 'guest'));
