import FoundationEssentials
import Kernel
import Testing

@Suite struct IDTests {
    private let some = (0..<200).map { _ in OrgID(UUID()) }

    @Test("an id is written as Foundation writes its UUID, lower case, and read back")
    func text() {
        for id in some {
            #expect(id.description == id.uuid.uuidString.lowercased())
            #expect(OrgID(id.description) == id)
            #expect(OrgID(id.uuid.uuidString) == id)
        }
        #expect(OrgID("00000000-0000-0000-0000-00000000000") == nil)
        #expect(OrgID("00000000x0000-0000-0000-000000000000") == nil)
    }

    @Test("ids are sorted by their bytes, the first byte first, as PostgreSQL sorts them")
    func order() {
        for (left, right) in zip(some, some.dropFirst()) {
            #expect((left < right) == left.bytes.lexicographicallyPrecedes(right.bytes))
            #expect(!(left < left))
        }
        for place in 0..<16 {
            var bytes = [UInt8](repeating: 0x7F, count: 16)
            let low = OrgID(bytes: bytes)
            bytes[place] = 0x80
            #expect(low < OrgID(bytes: bytes))
        }
    }

    @Test("an id made later sorts later")
    func time() {
        let made = (0..<50).map { OrgID.new(at: Timestamp(milliseconds: 1_795_253_400_000 + Int64($0))) }
        #expect(made == made.sorted())
    }
}
