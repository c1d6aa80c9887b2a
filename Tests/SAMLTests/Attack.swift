import SAMLKit
import SignedXML
import Testing

@testable import SAML

/// Something that somebody posts who is not let in, and why not.
struct Attack: Sendable, CustomTestStringConvertible {
    let name: String
    let reason: SAMLRefusal.Reason
    let scene: @Sendable () throws -> ServiceCase
    let requestID: String?
    /// What is posted.
    let post: @Sendable () throws -> String

    var testDescription: String { name }

    /// - Parameter xml: what is posted, before base64.
    init(
        _ name: String, _ reason: SAMLRefusal.Reason, requestID: String? = ResponseDraft.requestID,
        in scene: @escaping @Sendable () throws -> ServiceCase = { try ServiceCase() },
        xml: @escaping @Sendable () throws -> String
    ) {
        self.name = name
        self.reason = reason
        self.scene = scene
        self.requestID = requestID
        post = { TestIdentityProvider.post(try xml()) }
    }

    /// - Parameter post: what is posted, as it is.
    static func posted(
        _ name: String, _ reason: SAMLRefusal.Reason, _ post: @escaping @Sendable () throws -> String
    ) -> Attack {
        Attack(name: name, reason: reason, post: post)
    }

    private init(name: String, reason: SAMLRefusal.Reason, post: @escaping @Sendable () throws -> String) {
        self.name = name
        self.reason = reason
        self.post = post
        scene = { try ServiceCase() }
        requestID = ResponseDraft.requestID
    }

    /// A good response, signed as `signs` says, with one thing changed before it is signed.
    static func told(
        _ name: String, _ reason: SAMLRefusal.Reason, signs: TestIdentityProvider.Signs = .both,
        requestID: String? = ResponseDraft.requestID,
        in scene: @escaping @Sendable () throws -> ServiceCase = { try ServiceCase() },
        _ change: @escaping @Sendable (inout ResponseDraft) throws -> Void
    ) -> Attack {
        Attack(name, reason, requestID: requestID, in: scene) {
            var draft = ResponseDraft()
            try change(&draft)
            return try TestIdentityProvider(try TestKeys.provider, signs: signs).response(draft)
        }
    }

    /// A good response with a signed assertion, with its text changed afterwards.
    static func changed(
        _ name: String, _ reason: SAMLRefusal.Reason, signs: TestIdentityProvider.Signs = .assertion,
        _ change: @escaping @Sendable (String) throws -> String
    ) -> Attack {
        Attack(name, reason) {
            let good = try TestIdentityProvider(try TestKeys.provider, signs: signs).response(ResponseDraft())
            let bad = try change(good)
            #expect(bad != good, "nothing was changed")
            return bad
        }
    }

    /// The assertion is signed otherwise.
    static func signed(
        _ name: String, _ reason: SAMLRefusal.Reason, _ change: @escaping @Sendable (inout SignatureDraft) -> Void
    ) -> Attack {
        Attack(name, reason) {
            var provider = try TestIdentityProvider()
            change(&provider.signature)
            return try provider.response(ResponseDraft())
        }
    }
}

extension String {
    /// The first place of it; the same when there is none.
    func replacing(first old: String, with new: String) -> String {
        guard let range = self.range(ofText: old) else { return self }
        return String(self[..<range.lowerBound]) + new + String(self[range.upperBound...])
    }

    func replacingAll(_ old: String, with new: String) -> String {
        var (done, rest) = ("", self[...])
        while let range = String(rest).range(ofText: old) {
            let text = String(rest)
            done += String(text[..<range.lowerBound]) + new
            rest = text[range.upperBound...]
        }
        return done + rest
    }

    /// From the first of `start` to the next `end`, both in it.
    func cut(_ start: String, _ end: String) -> String {
        guard let first = range(ofText: start), let last = String(self[first.lowerBound...]).range(ofText: end) else {
            return ""
        }
        let rest = String(self[first.lowerBound...])
        return String(rest[..<last.upperBound])
    }

    private func range(ofText wanted: String) -> Range<String.Index>? {
        let (text, needle) = (Array(utf8), Array(wanted.utf8))
        guard !needle.isEmpty, needle.count <= text.count else { return nil }
        for start in 0...(text.count - needle.count) where text[start] == needle[0] {
            if text[start..<(start + needle.count)].elementsEqual(needle) {
                let lower = utf8.index(startIndex, offsetBy: start)
                return lower..<utf8.index(lower, offsetBy: needle.count)
            }
        }
        return nil
    }
}
