-- What: workers may see which organisations have connections.
-- Why: a worker that takes a shard over begins to ask the platforms of its organisations, also of those that have never
--      answered and so have no inventory.
-- Beside running programs: safe. Back: revoke and drop the policy.

GRANT SELECT (org_id) ON connections TO pulse_worker;
CREATE POLICY work ON connections FOR SELECT TO pulse_worker USING (true);
