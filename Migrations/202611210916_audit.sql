-- What: the audit trail of each organisation: who did what to what, from where, in which request.
-- Why: every change leaves one entry in its own transaction, or does not happen.
-- Lock: none, the table is new. Back: drop it.
--
-- Entries hold ids, no names. pulse_app may add and read, never change or remove: it has no such grant.

CREATE TABLE audit_entries (
    org_id      uuid NOT NULL REFERENCES orgs (id),
    id          uuid NOT NULL,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    action      text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    object      text NOT NULL,
    address     text NOT NULL,
    request_id  text NOT NULL,
    user_agent  text NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX audit_entries_by_time ON audit_entries (org_id, at DESC, id DESC);

SELECT pulse_owner_tools.tenant_table('audit_entries');
GRANT SELECT, INSERT ON audit_entries TO pulse_app;
