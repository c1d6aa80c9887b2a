"""Predicates of the database's own functions, from a committed list: who is admitted is decided there."""
import tomllib

from harness.mutants.sql import SQLMutant
from harness.processes import ROOT

LIST = ROOT / "Tests/mutants/functions.toml"


def of(database, path=LIST):
    """- Raises ValueError when a text does not stand in its function exactly once."""
    bodies = {name: body for name, body in database.rows(
        "SELECT proname, string_agg(pg_get_functiondef(oid), E';\\n') FROM pg_proc "
        "WHERE pronamespace = 'pulse'::regnamespace AND prokind = 'f' GROUP BY 1")}
    # Nobody names a trigger's function: who writes to its table calls it.
    fired = dict(database.rows(
        "SELECT p.proname, array_agg(DISTINCT c.relname::text) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "JOIN pg_class c ON c.oid = t.tgrelid WHERE p.pronamespace = 'pulse'::regnamespace GROUP BY 1"))
    mutants, faults = [], []
    for one in tomllib.loads(path.read_text())["mutant"]:
        body = bodies.get(one["function"], "")
        if body.count(one["text"]) != 1:
            faults.append(f"{one['name']}: its text stands {body.count(one['text'])} times in {one['function']}")
            continue
        mutants.append(SQLMutant(one["name"], "predicate of a function", body.replace(one["text"], one["becomes"]),
                                 (one["function"], *fired.get(one["function"], ())), tuple(one.get("words", ()))))
    if faults:
        raise ValueError("\n".join(faults))
    return mutants
