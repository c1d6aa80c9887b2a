"""Every policy, privilege and forced row security of a migrated database, as a statement that takes it away. Read from the
catalogue, so a table that a migration adds is broken too without anybody remembering to."""
import dataclasses

# Whoever serves. The migrator has everything by the schema's default privileges, and its policies are broken like all others.
ROLES = "('pulse_app', 'pulse_worker', 'pulse_operator', 'pulse_lookup', 'pulse_identity')"


@dataclasses.dataclass(frozen=True)
class SQLMutant:
    """`objects`: what a test has to use to notice; `words`: what the statements that notice are likely to say."""
    name: str
    kind: str
    statement: str
    objects: tuple
    words: tuple = ()


# Partitions of a table are all made by one function: one of each is broken.
_TABLES = """
WITH tables AS (
    SELECT c.oid, c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
    WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p')
      AND (i.inhparent IS NULL OR c.oid = (SELECT min(j.inhrelid) FROM pg_inherits j WHERE j.inhparent = i.inhparent)))
"""
_POLICIES = _TABLES + """
SELECT tablename, policyname, array_to_string(roles, ','), cmd, qual, with_check FROM pg_policies
WHERE schemaname = 'pulse' AND tablename IN (SELECT relname FROM tables) ORDER BY 1, 2
"""
_FORCED = _TABLES + """
SELECT c.relname FROM pg_class c JOIN tables t ON t.oid = c.oid WHERE c.relrowsecurity AND c.relforcerowsecurity ORDER BY 1
"""
_RELATIONS = f"""
SELECT c.relname, c.relkind, a.grantee::regrole, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a
WHERE c.relnamespace = 'pulse'::regnamespace AND a.grantee <> 0 AND a.grantee::regrole::text IN {ROLES} ORDER BY 1, 3, 4
"""
_COLUMNS = f"""
SELECT c.relname, t.attname, a.grantee::regrole, a.privilege_type
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a
WHERE c.relnamespace = 'pulse'::regnamespace AND a.grantee <> 0 AND a.grantee::regrole::text IN {ROLES} ORDER BY 1, 2, 3, 4
"""
_FUNCTIONS = f"""
SELECT p.oid::regprocedure, p.proname, a.grantee::regrole FROM pg_proc p, aclexplode(p.proacl) a
WHERE p.pronamespace = 'pulse'::regnamespace AND a.grantee <> p.proowner AND a.grantee <> 0
  AND a.grantee::regrole::text IN {ROLES} ORDER BY 1, 3
"""
_SCHEMAS = f"""
SELECT n.nspname, a.grantee::regrole, a.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) a
WHERE n.nspname IN ('pulse', 'pulse_owner_tools') AND a.grantee <> 0 AND a.grantee::regrole::text IN {ROLES} ORDER BY 1, 2, 3
"""
# What keeps two organisations of one row apart.
_CHECKS = """
SELECT conrelid::regclass, conname FROM pg_constraint
WHERE contype = 'c' AND connamespace = 'pulse'::regnamespace AND pg_get_constraintdef(oid) LIKE '%org\\_id%' ORDER BY 1, 2
"""


def bare(name):
    return name.removeprefix("pulse.")


def policies(database):
    for table, policy, roles, command, using, check in database.rows(_POLICIES):
        target = f'"{policy}" ON pulse."{table}"'
        yield SQLMutant(f"policy {policy} on {table} dropped", "policy", f"DROP POLICY {target}", (table,), (roles,))
        if using not in (None, "", "true"):
            yield SQLMutant(f"policy {policy} on {table} shows all", "policy", f"ALTER POLICY {target} USING (true)", (table,))
        if check not in (None, "", "true"):
            yield SQLMutant(f"policy {policy} on {table} takes all", "policy", f"ALTER POLICY {target} WITH CHECK (true)", (table,))


def row_security(database):
    for [table] in database.rows(_FORCED):
        for word in ("NO FORCE", "DISABLE"):
            yield SQLMutant(f"{word.lower()} row security on {table}", "row security",
                            f'ALTER TABLE pulse."{table}" {word} ROW LEVEL SECURITY', (table,))


def privileges(database):
    for name, kind, role, privilege in database.rows(_RELATIONS):
        what = "SEQUENCE " if kind == "S" else ""
        yield SQLMutant(f"{privilege} on {name} from {role}", "grant of a sequence" if what else "grant of a table",
                        f'REVOKE {privilege} ON {what}pulse."{name}" FROM {role}', (name,), (privilege.lower(),))
    for table, column, role, privilege in database.rows(_COLUMNS):
        yield SQLMutant(f"{privilege} ({column}) on {table} from {role}", "grant of a column",
                        f'REVOKE {privilege} ("{column}") ON pulse."{table}" FROM {role}', (table,), (privilege.lower(), column))
    for function, name, role in database.rows(_FUNCTIONS):
        yield SQLMutant(f"EXECUTE on {bare(function)} from {role}", "grant of a function",
                        f"REVOKE EXECUTE ON FUNCTION {function} FROM {role}", (name,))
    for schema, role, privilege in database.rows(_SCHEMAS):
        yield SQLMutant(f"{privilege} on schema {schema} from {role}", "grant of a schema",
                        f"REVOKE {privilege} ON SCHEMA {schema} FROM {role}", ())


def checks(database):
    for table, name in database.rows(_CHECKS):
        yield SQLMutant(f"check {name} on {bare(table)} dropped", "check", f'ALTER TABLE {table} DROP CONSTRAINT "{name}"',
                        (bare(table),))


def of(database):
    """All of them, in an order that stays."""
    return [*policies(database), *row_security(database), *privileges(database), *checks(database)]
