-- What: the names behind the ids in an organisation's audit trail.
-- Why: entries hold ids alone, so a person can be forgotten (blanked here) without breaking the chain; and who has left is
-- still named as long as the organisation wants that, though their membership is gone.
-- Beside running programs: safe. Lock: members, for a moment, to add the trigger. Back: drop trigger and table.

CREATE TABLE audit_people (
    org_id        uuid NOT NULL REFERENCES orgs (id),
    user_id       uuid NOT NULL,
    -- NULL in both: blanked.
    display_name  text,
    email         text,
    PRIMARY KEY (org_id, user_id)
);
SELECT pulse_owner_tools.tenant_table('audit_people');
CREATE POLICY identity ON audit_people TO pulse_identity USING (true) WITH CHECK (true);
GRANT SELECT ON audit_people TO pulse_app;
GRANT SELECT, INSERT, UPDATE ON audit_people TO pulse_identity;

SET LOCAL ROLE pulse_identity;

-- Follows the membership: who joins (again) is named, who is renamed is renamed unless blanked, who leaves stays named.
CREATE FUNCTION members_after_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_people (org_id, user_id, display_name, email)
        VALUES (NEW.org_id, NEW.user_id, NEW.display_name, NEW.email)
        ON CONFLICT (org_id, user_id)
        DO UPDATE SET display_name = excluded.display_name, email = excluded.email;
    ELSIF NEW.display_name IS DISTINCT FROM OLD.display_name OR NEW.email IS DISTINCT FROM OLD.email THEN
        UPDATE audit_people p SET display_name = NEW.display_name, email = NEW.email
        WHERE p.org_id = NEW.org_id AND p.user_id = NEW.user_id AND p.display_name IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
GRANT EXECUTE ON FUNCTION members_after_change TO pulse_owner;

-- Forgets who someone was, in the organisation the transaction is in.
-- outcome: ok, member (still one: nothing is blanked), unknown.
CREATE FUNCTION blank_audit_person(person uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pulse AS $$
DECLARE
    org uuid := nullif(current_setting('pulse.org_id', true), '')::uuid;
BEGIN
    IF EXISTS (SELECT FROM members m WHERE m.org_id = org AND m.user_id = person) THEN
        RETURN 'member';
    END IF;
    UPDATE audit_people p SET display_name = NULL, email = NULL WHERE p.org_id = org AND p.user_id = person;
    RETURN CASE WHEN FOUND THEN 'ok' ELSE 'unknown' END;
END $$;
GRANT EXECUTE ON FUNCTION blank_audit_person TO pulse_app;

RESET ROLE;
SET LOCAL ROLE pulse_migrator;

-- touches no rows
INSERT INTO audit_people (org_id, user_id, display_name, email)
SELECT m.org_id, m.user_id, m.display_name, m.email FROM members m;

RESET ROLE;

CREATE TRIGGER after_change AFTER INSERT OR UPDATE ON members
FOR EACH ROW EXECUTE FUNCTION members_after_change();
