internal import CollectorKit
internal import Inventory
internal import JSONKit

/// Every answer is `{"data": …}`, whatever else stands beside it.
enum PVEAnswer {
    /// Proxmox nests five or six levels; what goes deeper is not Proxmox.
    private static let options = JSONReader.Options(maxDepth: 24)

    static func data<Value>(
        _ bytes: [UInt8], _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(PlatformFailure) -> Value {
        do {
            var reader = JSONReader(bytes, options: options)
            var value: Value?
            try reader.enterObject()
            while let key = try reader.nextKey() {
                if key == "data" { value = try read(&reader) } else { try reader.skip() }
            }
            try reader.finish()
            if let value { return value }
        } catch {}
        throw PlatformFailure(ConnectionFault(.badAnswer, "Proxmox VE gave an answer that cannot be read."))
    }

    /// The `message` of a refusal.
    static func message(_ said: String) -> String {
        var reader = JSONReader(Array(said.utf8), options: options)
        var message = ""
        do {
            try reader.enterObject()
            while let key = try reader.nextKey() {
                if key == "message" { message = try reader.laxText() ?? "" } else { try reader.skip() }
            }
        } catch {
            return said
        }
        return message.isEmpty ? said : message
    }
}

extension JSONReader {
    /// One object, member by member; `member` consumes the value.
    mutating func row<Row>(
        _ row: Row, _ member: (JSONKey, inout JSONReader, inout Row) throws(JSONError) -> Void
    ) throws(JSONError) -> Row {
        var row = row
        try enterObject()
        while let key = try nextKey() { try member(key, &self, &row) }
        return row
    }

    /// One object, or nothing where there is none.
    mutating func maybeRow<Row>(
        _ row: Row, _ member: (JSONKey, inout JSONReader, inout Row) throws(JSONError) -> Void
    ) throws(JSONError) -> Row? {
        guard peek() == .object else {
            try skip()
            return nil
        }
        return try self.row(row, member)
    }

    mutating func laxInt() throws(JSONError) -> Int? { try laxCount().flatMap { Int(exactly: $0) } }

    /// Bytes of a list, never negative; `nil` for more than 2^60, which nothing has.
    mutating func bytes() throws(JSONError) -> Int64? {
        try laxCount().flatMap { $0 <= 1 << 60 ? max(0, $0) : nil }
    }

    /// Seconds since it was started; `nil` for what is none, such as more than a hundred years.
    mutating func laxUptime() throws(JSONError) -> Int64? {
        try laxCount().flatMap { (0...3_155_760_000).contains($0) ? $0 : nil }
    }

    /// Seconds of Unix; `nil` for what is no moment between 1970 and 9999.
    mutating func laxMoment() throws(JSONError) -> Int64? {
        try laxCount().flatMap { (0...253_402_300_799).contains($0) ? $0 : nil }
    }
}
