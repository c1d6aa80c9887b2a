-- What: where an organisation's audit entries are sent as they are written, and how far each receiver has got.
-- Why: a trail that also lies elsewhere cannot be lost with us; security people watch many systems in one place.
-- Beside running programs: safe. Lock: none, the table is new. Back: drop function and table.

CREATE TABLE audit_streams (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    id            uuid NOT NULL,
    name          text NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('webhook', 'syslog')),
    -- What is shown of the address; all of it may hold a token and is sealed.
    host          text NOT NULL,
    address       sealed NOT NULL,
    -- Signs webhooks; NULL for syslog.
    secret        sealed,
    -- PEM of who must have signed a syslog server's certificate; NULL: the system's roots.
    certificates  text,
    is_enabled    boolean NOT NULL DEFAULT true,
    -- The last entry that was taken over there.
    sent_seq      bigint NOT NULL,
    failures      integer NOT NULL DEFAULT 0,
    next_at       timestamptz NOT NULL,
    last_error    text,
    last_sent_at  timestamptz,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_streams_due ON audit_streams (next_at) WHERE is_enabled;
SELECT pulse_owner_tools.tenant_table('audit_streams');
CREATE POLICY identity ON audit_streams TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_streams TO pulse_app;
GRANT SELECT (org_id, id, is_enabled, sent_seq, next_at), UPDATE (next_at) ON audit_streams TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Streams with something to send, taken for `lease` seconds: who dies with one leaves it to the next after that. Nothing is
-- sent for an organisation that is not active.
CREATE FUNCTION audit_streams_claim(moment timestamptz, lease int, max_count int)
RETURNS TABLE (org_id uuid, id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
    UPDATE audit_streams s SET next_at = moment + make_interval(secs => lease)
    FROM (
        SELECT w.org_id, w.id FROM audit_streams w
        JOIN audit_heads h ON h.org_id = w.org_id
        JOIN orgs o ON o.id = w.org_id
        WHERE w.is_enabled AND w.next_at <= moment AND h.seq > w.sent_seq AND o.state = 'active'
        ORDER BY w.next_at LIMIT max_count FOR UPDATE OF w SKIP LOCKED) due
    WHERE s.org_id = due.org_id AND s.id = due.id
    RETURNING s.org_id, s.id
$$;
GRANT EXECUTE ON FUNCTION audit_streams_claim TO pulse_worker;

RESET ROLE;
