-- What: workers may see when connections are to be asked next.
-- Why: a wish for a poll is told by NOTIFY; a worker whose connection was away when it came finds it in the row.
-- Beside running programs: safe. Back: revoke and drop the policy.

GRANT SELECT (org_id, connection_id, state, checked_at, next_poll_at) ON connection_health TO pulse_worker;
CREATE POLICY work ON connection_health FOR SELECT TO pulse_worker USING (true);
