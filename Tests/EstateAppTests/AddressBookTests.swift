import Testing

@testable import EstateApp

@Suite struct AddressBookTests {
    @Test("every node has an address of its own that leads back to it")
    func roundTrip() throws {
        let counts = (0..<2000).map { $0 % 5 + 1 }
        let book = try #require(AddressBook(first: "127.32.0.1", nodeCounts: counts))
        var seen: Set<String> = []
        for (cluster, count) in counts.enumerated() {
            for node in 0..<count {
                let address = book.address(cluster: cluster, node: node)
                let found = try #require(book.find(address))
                #expect(found == (cluster, node))
                #expect(seen.insert(address).inserted)
            }
        }
    }

    @Test(
        "an address that is nobody's leads nowhere",
        arguments: ["127.31.255.254", "127.32.0.0", "127.32.0.4", "10.0.0.1", "", "127.1"])
    func strangers(address: String) throws {
        let book = try #require(AddressBook(first: "127.32.0.1", nodeCounts: [1, 2]))
        #expect(book.find(address) == nil)
    }

    @Test("a row of addresses that would leave 127/8 is refused")
    func overflow() { #expect(AddressBook(first: "127.255.255.200", nodeCounts: [200]) == nil) }
}
