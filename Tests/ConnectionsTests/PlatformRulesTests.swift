import Inventory
import Kernel
import Testing

@testable import Connections

struct PlatformRulesTests {
    @Test(
        "the id of a Proxmox token holds user, realm and name",
        arguments: [
            ("pulse@pve!monitor", true), ("root@pam!pulse-1", true), ("first.last@ad-company!m_1", true),
            ("root", false), ("root!monitor", false), ("root@pam", false), ("root@pam!", false),
            ("@pve!monitor", false),
            ("root@!monitor", false), ("a@b@pve!monitor", false), ("root@pam!a!b", false), ("root@pam!1x", false),
            ("ro ot@pam!monitor", false), ("root@pam!monitor=secret", false), ("root@pam:monitor", false), ("", false),
        ])
    func tokens(id: String, fits: Bool) {
        for kind in [ConnectionKind.pve, .pbs, .pmg] {
            #expect(((try? kind.check(.token(id: id))) != nil) == fits, "\(kind) \(id)")
        }
    }

    @Test(
        "a Proxmox user holds a realm",
        arguments: [("root@pam", true), ("root", false), ("root@", false), ("@pam", false), ("a@b@pam", false)])
    func users(user: String, fits: Bool) {
        #expect(((try? ConnectionKind.pve.check(.password(user: user))) != nil) == fits)
    }

    @Test("each platform says which way of signing in it wants")
    func ways() {
        #expect(throws: Problem.self) { try ConnectionKind.pve.check(.none) }
        #expect(throws: Problem.self) { try ConnectionKind.vmware.check(.token(id: "x")) }
        #expect(throws: Problem.self) { try ConnectionKind.availability.check(.password(user: "x")) }
        #expect(throws: Never.self) { try ConnectionKind.availability.check(.none) }
        #expect(throws: Never.self) { try ConnectionKind.truenas.check(.token(id: "pulse")) }
        #expect(throws: Never.self) { try ConnectionKind.vmware.check(.password(user: "svc@vsphere.local")) }
    }
}
