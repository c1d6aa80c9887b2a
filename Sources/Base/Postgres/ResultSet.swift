import CPQ

/// What one statement answered.
package struct ResultSet: Sendable {
    private let storage: ResultStorage

    init(_ result: OpaquePointer) { storage = ResultStorage(result) }

    package var count: Int { Int(PQntuples(storage.result)) }

    /// Rows inserted, updated or deleted (or selected).
    package var rowsAffected: Int { PQcmdTuples(storage.result).flatMap { Int(String(cString: $0)) } ?? 0 }

    /// The command's name as the server reports it: `COMMIT`, or `ROLLBACK` for the COMMIT of a failed transaction.
    var tag: String { PQcmdStatus(storage.result).map { String(cString: $0) } ?? "" }

    package func rows<Row>(_ decode: (inout RowReader) throws -> Row) throws -> [Row] {
        var rows: [Row] = []
        rows.reserveCapacity(count)
        for index in 0..<count {
            var reader = RowReader(storage: storage, row: Int32(index))
            rows.append(try decode(&reader))
        }
        return rows
    }

    /// Every row once, for a reader that keeps what it reads itself.
    package func each(_ visit: (inout RowReader) throws -> Void) throws {
        for index in 0..<count {
            var reader = RowReader(storage: storage, row: Int32(index))
            try visit(&reader)
        }
    }

    /// The first row; `nil` when there is none.
    package func first<Row>(_ decode: (inout RowReader) throws -> Row) throws -> Row? {
        guard count > 0 else { return nil }
        var reader = RowReader(storage: storage, row: 0)
        return try decode(&reader)
    }
}

/// Owns the PGresult. `@unchecked Sendable`: libpq never changes a finished result, the pointer is set once and freed
/// once, in `deinit`; all reads go through const functions.
final class ResultStorage: @unchecked Sendable {
    let result: OpaquePointer
    init(_ result: OpaquePointer) { self.result = result }
    deinit { PQclear(result) }
}

/// One row, read column by column from the left, in the order of the SELECT list.
package struct RowReader {
    let storage: ResultStorage
    let row: Int32
    private var column: Int32 = 0

    init(storage: ResultStorage, row: Int32) {
        self.storage = storage
        self.row = row
    }

    /// The next column. NULL only into an optional.
    /// - Throws: `DatabaseError.badRow` when the type does not fit or the row has no further column.
    package mutating func next<Value: PostgresDecodable>(_: Value.Type = Value.self) throws(DatabaseError) -> Value {
        let index = column
        column += 1
        guard index < PQnfields(storage.result) else {
            throw .badRow(column: Int(index), name: "?", expected: "\(Value.self)")
        }
        if PQgetisnull(storage.result, row, index) == 1 {
            if let null = Value.null { return null }
        } else {
            let bytes = UnsafeRawBufferPointer(
                start: PQgetvalue(storage.result, row, index), count: Int(PQgetlength(storage.result, row, index)))
            if let value = Value.decode(bytes, type: PQftype(storage.result, index)) { return value }
        }
        let name = PQfname(storage.result, index).map { String(cString: $0) } ?? "?"
        throw .badRow(column: Int(index), name: name, expected: "\(Value.self)")
    }
}
