import HTTPKit
import Testing

@testable import Access

@Suite struct ClientNetworkTests {
    @Test(
        "addresses count by themselves, or by their /64",
        arguments: [
            ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
        ])
    func counted(left: String, right: String, isSame: Bool) {
        let (left, right) = (APIRequest(clientAddress: left), APIRequest(clientAddress: right))
        #expect(ClientNetwork.subject(of: left) != nil)
        #expect((ClientNetwork.subject(of: left) == ClientNetwork.subject(of: right)) == isSame)
    }

    @Test(
        "loopback and nonsense are not counted",
        arguments: ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "", "x"])
    func notCounted(address: String) {
        #expect(ClientNetwork.subject(of: APIRequest(clientAddress: address)) == nil)
    }
}
