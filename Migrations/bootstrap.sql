-- What a migration cannot do: the roles, and the schema they meet in. Run once per database by a superuser (or, on a
-- managed PostgreSQL, a role with CREATEROLE that owns the database) before `pulse migrate`; running it again is
-- harmless and is also how passwords are changed. Plain SQL but for four psql variables, so a program may substitute them
-- as quoted literals:
--     owner_password, app_password, worker_password, operator_password (an empty one is left as it is)
--
-- Who may what (ops/handbook/operations.md tells it at length):
--   pulse_owner     owns schema and tables and runs migrations; never serves. FORCE RLS binds it too.
--   pulse_migrator  NOLOGIN: `SET LOCAL ROLE pulse_migrator` inside a migration that touches rows (policy `migrate`).
--   pulse_lookup    NOLOGIN: owns the SECURITY DEFINER look-ups. `SET LOCAL ROLE pulse_lookup` to create them.
--   pulse_identity  NOLOGIN: owns the SECURITY DEFINER functions that write what has no organisation yet (users, sessions,
--                   links, sign-ups, enrolments). `SET LOCAL ROLE pulse_identity` to create them.
--   pulse_app       serves organisations, sees nothing until pulse.org_id is set.
--   pulse_worker    claims leases and queues across organisations, by narrow column grants.
--   pulse_operator  staff and backups, by policies of its own.
-- pulse_owner is NOINHERIT: as a mere member it would silently gain the policies of migrator, lookup and identity.
-- Functions are not executable by PUBLIC: a migration that adds one grants EXECUTE to whom it is for.

BEGIN;

-- Kept for this transaction only, and compared so that the answer does not show them.
SELECT set_config('bootstrap.pulse_owner', :'owner_password', true) <> '' AS owner_password_given,
       set_config('bootstrap.pulse_app', :'app_password', true) <> '' AS app_password_given,
       set_config('bootstrap.pulse_worker', :'worker_password', true) <> '' AS worker_password_given,
       set_config('bootstrap.pulse_operator', :'operator_password', true) <> '' AS operator_password_given;

-- Roles belong to the cluster, so two databases bootstrapped at once meet here: whoever comes second waits, is told
-- "tuple concurrently updated" (XX000) or "already exists", and tries again.
DO $bootstrap$
DECLARE
    wanted record;
    password text;
BEGIN
    -- The connection limits only stop a runaway; what a program opens is PULSE_DATABASE_CONNECTIONS.
    FOR wanted IN SELECT * FROM (VALUES
        ('pulse_owner',    'LOGIN NOINHERIT CONNECTION LIMIT 60'),
        ('pulse_migrator', 'NOLOGIN'),
        ('pulse_lookup',   'NOLOGIN'),
        ('pulse_identity', 'NOLOGIN'),
        ('pulse_app',      'LOGIN CONNECTION LIMIT 300'),
        ('pulse_worker',   'LOGIN CONNECTION LIMIT 100'),
        ('pulse_operator', 'LOGIN CONNECTION LIMIT 100')) AS roles (name, attributes)
    LOOP
        FOR attempt IN 1..50 LOOP
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted.name) THEN
                    EXECUTE format('CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS %s',
                                   wanted.name, wanted.attributes);
                    EXECUTE format('ALTER ROLE %I SET search_path = pulse, pg_catalog', wanted.name);
                END IF;
                password := coalesce(current_setting('bootstrap.' || wanted.name, true), '');
                IF password <> '' THEN
                    EXECUTE format('ALTER ROLE %I PASSWORD %L', wanted.name, password);
                END IF;
                EXIT;
            EXCEPTION WHEN internal_error OR duplicate_object OR unique_violation THEN
                IF attempt = 50 THEN RAISE; END IF;
                PERFORM pg_sleep(0.02);
            END;
        END LOOP;
    END LOOP;
END $bootstrap$;

-- What a lost client may hold up. The pool sets shorter limits per statement; these are for a session opened by hand.
DO $bootstrap$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM (VALUES
        ('pulse_app',      'idle_in_transaction_session_timeout', '5s'),
        ('pulse_app',      'statement_timeout',                   '15s'),
        ('pulse_worker',   'idle_in_transaction_session_timeout', '5s'),
        ('pulse_worker',   'statement_timeout',                   '60s'),
        ('pulse_operator', 'idle_in_transaction_session_timeout', '60s'),
        ('pulse_owner',    'idle_in_transaction_session_timeout', '60s')) AS settings (role, key, value)
    LOOP
        FOR attempt IN 1..50 LOOP
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_db_role_setting
                               WHERE setrole = wanted.role::regrole AND setdatabase = 0
                                 AND format('%s=%s', wanted.key, wanted.value) = ANY (setconfig)) THEN
                    EXECUTE format('ALTER ROLE %I SET %I = %L', wanted.role, wanted.key, wanted.value);
                END IF;
                EXIT;
            EXCEPTION WHEN internal_error OR unique_violation THEN
                IF attempt = 50 THEN RAISE; END IF;
                PERFORM pg_sleep(0.02);
            END;
        END LOOP;
    END LOOP;
END $bootstrap$;

-- Memberships: the owner may become the migrator, the lookup and the identity role, nobody else may become anybody.
-- Someone who is no superuser must belong to the owners to hand the schema over.
DO $bootstrap$
BEGIN
    FOR attempt IN 1..50 LOOP
        BEGIN
            IF NOT pg_has_role('pulse_owner', 'pulse_migrator', 'MEMBER') THEN
                GRANT pulse_migrator TO pulse_owner;
            END IF;
            IF NOT pg_has_role('pulse_owner', 'pulse_lookup', 'MEMBER') THEN
                GRANT pulse_lookup TO pulse_owner;
            END IF;
            IF NOT pg_has_role('pulse_owner', 'pulse_identity', 'MEMBER') THEN
                GRANT pulse_identity TO pulse_owner;
            END IF;
            IF NOT pg_has_role(current_user, 'pulse_owner', 'MEMBER') THEN
                EXECUTE format('GRANT pulse_owner, pulse_lookup, pulse_identity TO %I', current_user);
            END IF;
            EXIT;
        EXCEPTION WHEN internal_error OR unique_violation THEN
            IF attempt = 50 THEN RAISE; END IF;
            PERFORM pg_sleep(0.02);
        END;
    END LOOP;
END $bootstrap$;

-- From here on everything belongs to this one database.
DO $bootstrap$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO pulse_app, pulse_worker, pulse_operator', current_database());
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO pulse_owner', current_database());
END $bootstrap$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS pulse AUTHORIZATION pulse_owner;
GRANT USAGE ON SCHEMA pulse TO pulse_migrator, pulse_app, pulse_worker, pulse_operator;
GRANT USAGE, CREATE ON SCHEMA pulse TO pulse_lookup, pulse_identity;

ALTER DEFAULT PRIVILEGES FOR ROLE pulse_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE pulse_lookup REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE pulse_identity REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE pulse_owner IN SCHEMA pulse
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pulse_migrator;
ALTER DEFAULT PRIVILEGES FOR ROLE pulse_owner IN SCHEMA pulse GRANT USAGE, SELECT ON SEQUENCES TO pulse_migrator;

COMMIT;
