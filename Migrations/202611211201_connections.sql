-- What: connections, the platforms that are asked for an organisation, and how each answered last.
-- Why: monitors learn from the first whom to ask; people see in the second what came of it. They are two tables because
-- one is configuration, changed by people and audited, and the other is written by whichever worker holds the shard.
-- Beside running programs: safe, creates only. Back: drop both tables; secrets are then entered again.

CREATE TABLE connections (
    org_id           uuid NOT NULL REFERENCES orgs (id),
    id               uuid NOT NULL,
    kind             text NOT NULL CHECK (kind IN ('pve', 'pbs', 'pmg', 'truenas', 'vmware', 'availability')),
    name             text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 64),
    -- Lower case: a name is there once.
    name_key         text NOT NULL,
    -- A name or an address inside somebody's network.
    host             sealed NOT NULL,
    port             integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    trust            text NOT NULL CHECK (trust IN ('system', 'authorities', 'pinned')),
    -- PEM of who must have signed.
    authorities      text,
    -- SHA-256 of the leaf that a person confirmed.
    pin              bytea,
    credential       text NOT NULL CHECK (credential IN ('token', 'password', 'none')),
    credential_name  text,
    secret           sealed,
    cadence_seconds  integer NOT NULL CHECK (cadence_seconds BETWEEN 1 AND 86400),
    is_enabled       boolean NOT NULL,
    site_id          uuid,
    tags             text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 16),
    -- The agent through which it is reached; NULL: directly.
    agent_id         uuid,
    revision         bigint NOT NULL,
    created_at       timestamptz NOT NULL,
    changed_at       timestamptz NOT NULL,
    PRIMARY KEY (org_id, id),
    CHECK ((trust = 'authorities') = (authorities IS NOT NULL)),
    CHECK ((trust = 'pinned') = (pin IS NOT NULL)),
    CHECK ((credential = 'none') = (secret IS NULL))
);
CREATE UNIQUE INDEX connections_by_name ON connections (org_id, name_key);
SELECT pulse_owner_tools.tenant_table('connections');
GRANT SELECT, INSERT, UPDATE, DELETE ON connections TO pulse_app;

CREATE TABLE connection_health (
    org_id                uuid NOT NULL,
    connection_id         uuid NOT NULL,
    state                 text NOT NULL
                          CHECK (state IN ('pending', 'ok', 'degraded', 'failing', 'parked', 'disabled')),
    checked_at            timestamptz,
    ok_at                 timestamptz,
    -- Of the closed set of ConnectionFault; NULL when the base could be read.
    reason                text,
    detail                text,
    latency_ms            integer,
    -- NULL: not by itself (parked, disabled), or at once (pending).
    next_poll_at          timestamptz,
    version               text,
    instance_name         text,
    -- {"vm": 18}: how many of each type of resource.
    discovered            jsonb,
    -- [{"part", "reason", "detail"}]
    degraded              jsonb,
    consecutive_failures  integer NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, connection_id)
);
SELECT pulse_owner_tools.tenant_table('connection_health');
GRANT SELECT, INSERT, UPDATE, DELETE ON connection_health TO pulse_app;
-- Rewritten every minute, and no index holds what changes: room for the new version beside the old.
ALTER TABLE connection_health SET (fillfactor = 70);
