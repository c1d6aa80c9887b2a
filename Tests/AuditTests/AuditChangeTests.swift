import JSONKit
import Testing

@testable import Audit

@Suite struct AuditChangeTests {
    @Test("only what differs is kept") func difference() {
        let change = AuditChange(
            before: ["name": "a", "days": 1, "gone": true], after: ["name": "a", "days": 2, "new": 3])
        #expect(change.before == #"{"days":1,"gone":true}"#)
        #expect(change.after == #"{"days":2,"new":3}"#)
    }

    @Test("what is new has no before, what is gone has no after") func oneSide() {
        #expect(AuditChange(before: nil, after: ["a": 1]).before == nil)
        #expect(AuditChange(before: ["a": 1], after: nil).after == nil)
    }

    @Test(
        "secrets are masked wherever they stand",
        arguments: [
            ["password": "canary"], ["newPassword": "canary"], ["api_key": "canary"], ["apiKey": "canary"],
            ["client-secret": "canary"], ["token": "canary"], ["Authorization": "canary"], ["totpSecret": "canary"],
            ["recoveryCodes": ["canary", "canary"]], ["secret": ["value": "canary"]], ["privateKey": "canary"],
            ["list": [["password": "canary"]]], ["note": "Bearer canary"], ["value": "pat_canary"],
            ["url": "https://user:canary@example.com/x"], ["value": "-----BEGIN canary"], ["email": "canary"],
            ["displayName": "canary"],
        ] as [JSONValue])
    func masked(value: JSONValue) throws {
        let change = AuditChange(before: nil, after: value)
        let text = try #require(change.after)
        #expect(!text.contains("canary"))
        #expect(text.contains("***"))
    }

    @Test("a changed secret shows as changed, not as what it was") func changedSecret() {
        let change = AuditChange(before: ["password": "old"], after: ["password": "new"])
        #expect(change.before == #"{"password":"***"}"#)
        #expect(change.after == #"{"password":"***"}"#)
    }

    @Test(
        "what only speaks of a secret is told",
        arguments: [
            ["passwordSet": true], ["tokenId": "0195"], ["tokenName": "ci"], ["tokenCount": 3],
            ["secretSet": "yes"], ["url": "https://example.com/a@b:c"],
        ] as [JSONValue])
    func harmless(value: JSONValue) {
        #expect(AuditChange(before: nil, after: value).after == String(decoding: value.json, as: UTF8.self))
    }

    @Test("a change too large for an entry says how large it was") func large() throws {
        let change = AuditChange(before: nil, after: ["text": .string(String(repeating: "x", count: 20_000))])
        #expect(try #require(change.after).utf8.count < 100)
    }
}
