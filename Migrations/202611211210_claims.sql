-- What: who says what of each resource (claims).
-- Why: one machine is told of by several connections; which claim is of which resource must survive a restart, or a
-- worker that takes over would make two machines of one.
-- Beside running programs: safe, creates only. Resources that are already stored get their claim with the next report.
-- Back: drop the table; identities are found again by resource_keys.

CREATE TABLE resource_claims (
    org_id        uuid  NOT NULL,
    connection_id uuid  NOT NULL,   -- an agent or a connection
    key           text  NOT NULL,   -- the connection's own name for the thing: node/pve1, qemu/101
    resource_id   uuid  NOT NULL,
    said          bytea NOT NULL,   -- packed JSON of the claim but for its values
    PRIMARY KEY (org_id, connection_id, key),
    FOREIGN KEY (org_id, resource_id) REFERENCES resources (org_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);
SELECT pulse_owner_tools.tenant_table('resource_claims');
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_claims TO pulse_app;
CREATE INDEX resource_claims_by_resource ON resource_claims (org_id, resource_id);
ALTER TABLE resource_claims ALTER COLUMN said SET STORAGE EXTERNAL;
