-- Rows with an end are deleted in the background, in batches that an index finds.
CREATE INDEX sign_in_failures_by_end ON sign_in_failures (window_ends_at);
CREATE INDEX known_devices_by_end ON known_devices (expires_at);
CREATE INDEX sign_on_flows_by_end ON sign_on_flows (expires_at);
CREATE INDEX link_passes_by_end ON link_passes (expires_at);
CREATE INDEX idempotency_keys_by_end ON idempotency_keys (created_at);
