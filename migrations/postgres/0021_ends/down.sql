DROP INDEX sign_in_failures_by_end;
DROP INDEX known_devices_by_end;
DROP INDEX sign_on_flows_by_end;
DROP INDEX link_passes_by_end;
DROP INDEX idempotency_keys_by_end;
