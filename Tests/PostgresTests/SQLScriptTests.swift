import Testing

@testable import Postgres

@Suite struct SQLScriptTests {
    @Test(
        "a script is cut at its own semicolons only",
        arguments: [
            ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
            ("SELECT ';'; -- no; really\nSELECT \"a;b\";", ["SELECT ';'", "SELECT \"a;b\""]),
            ("DO $x$ BEGIN; $$ END $x$; SELECT 1;", ["DO $x$ BEGIN; $$ END $x$", "SELECT 1"]),
            ("SELECT $1; /* ; */ SELECT 2;", ["SELECT $1", "SELECT 2"]),
            ("-- only words", []), ("", []),
        ])
    func cut(script: String, expected: [String]) {
        #expect(SQLScript.statements(in: script).map(\.text) == expected)
    }

    @Test("a comment may allow a statement to touch nothing") func comment() {
        let statements = SQLScript.statements(in: "-- touches no rows\nDELETE FROM a; DELETE FROM b;")
        #expect(statements.map(\.mayTouchNothing) == [true, false])
    }
}
