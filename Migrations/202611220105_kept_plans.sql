-- What: functions that every change and every counted attempt call are in a language that keeps their plans; a change of
-- membership stands in line without raising the organisation's generation.
-- Why: a function in SQL is read and planned anew by every statement that calls it, and an audit entry called twenty-four of
-- them: half a millisecond of each change. What a generation tells of are copies of configuration, and nobody keeps one of
-- who belongs to an organisation: each newcomer made its monitor read all of its configuration again.
-- Beside running programs: safe, they answer as before. Lock: none. Back: the functions of before.

SET LOCAL ROLE pulse_identity;

CREATE OR REPLACE FUNCTION hit(counted text, whom bytea, span interval, moment timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
DECLARE
    total int;
BEGIN
    INSERT INTO counters AS c (kind, subject, began_at, hits) VALUES (counted, whom, moment, 1)
    ON CONFLICT (kind, subject) DO UPDATE SET
        hits = CASE WHEN c.began_at + span <= moment THEN 1 ELSE c.hits + 1 END,
        began_at = CASE WHEN c.began_at + span <= moment THEN moment ELSE c.began_at END,
        locked_until = CASE WHEN c.began_at + span <= moment THEN NULL ELSE c.locked_until END
    RETURNING c.hits INTO total;
    RETURN total;
END $$;

-- Puts this change of membership behind all others of the organisation of this transaction.
-- For other functions of pulse_identity; pulse_app may not call it.
CREATE OR REPLACE FUNCTION line_up() RETURNS uuid
LANGUAGE plpgsql SET search_path = pg_catalog, pulse AS $$
DECLARE
    place uuid;
BEGIN
    SELECT o.id INTO place FROM orgs o
    WHERE o.id = nullif(current_setting('pulse.org_id', true), '')::uuid FOR NO KEY UPDATE;
    RETURN place;
END $$;

-- The same bytes as before, in one expression: each field is four bytes of length, then its bytes; -1 where it is absent.
CREATE OR REPLACE FUNCTION audit_bytes(entry audit_entries) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pulse AS $$
BEGIN
    RETURN '\x00000013'::bytea || convert_to('pulse.audit.entry.1', 'UTF8') || '\x00000010' || uuid_send(entry.org_id)
        || '\x00000008' || int8send(entry.seq) || '\x00000010' || uuid_send(entry.id)
        || '\x00000008' || int8send((extract(epoch FROM entry.at) * 1000)::bigint)
        || coalesce(int4send(octet_length(entry.actor)) || convert_to(entry.actor, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.through)) || convert_to(entry.through, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.action)) || convert_to(entry.action, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.object)) || convert_to(entry.object, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.before)) || convert_to(entry.before, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.after)) || convert_to(entry.after, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.address)) || convert_to(entry.address, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.user_agent)) || convert_to(entry.user_agent, 'UTF8'), '\xffffffff')
        || coalesce(int4send(octet_length(entry.request_id)) || convert_to(entry.request_id, 'UTF8'), '\xffffffff');
END $$;

RESET ROLE;
