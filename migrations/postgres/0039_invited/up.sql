-- A guest or an organisation may be invited to single sessions.
ALTER TABLE delegations DROP CONSTRAINT delegations_role_check;
ALTER TABLE delegations ADD CONSTRAINT delegations_role_check CHECK (role IN ('chair', 'guest', 'invited'));
