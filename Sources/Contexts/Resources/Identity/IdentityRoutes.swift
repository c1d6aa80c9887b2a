import Access
import Audit
import FoundationEssentials
package import HTTPKit
import Inventory
import JSONKit
package import Kernel

/// Identity over HTTP: why a resource is one, and a person's word where the evidence is wrong.
package struct IdentityRoutes: Sendable {
    let store: IdentityStore
    private let time: any TimeSource

    package init(_ store: IdentityStore, time: any TimeSource) {
        self.store = store
        self.time = time
    }

    package var endpoints: [Endpoint] { [explain, rules, link, unlink, reportMerge, takeBack] }

    private var explain: Endpoint {
        Endpoint(
            .get, "/api/resources/{id}/identity", summary: "Why a resource is one: what each source says of it",
            access: .permission(.readMonitoring), scope: .monitoringRead, narrows: true,
            audit: .none(reason: "reads only"), problems: [.resourceNotFound],
            response: IdentitySchemas.explanation, responseExample: IdentitySchemas.explanationExample
        ) { [store] request in
            let (org, id) = (try request.org(), try Self.id(request))
            let visibility = try request.caller().visibility
            let claims = try await store.claims(of: id, in: org, seenBy: visibility)
            guard let first = claims.first else { throw Problem.resourceNotFound }
            let rules = try await store.list(of: org, seenBy: visibility)
            return .json { json in
                json.member("resourceId", first.resource)
                json.array("claims") { json in
                    for claim in claims { Self.encode(claim, beside: claims, rules, to: &json) }
                }
                let places = Set(claims.map(\.place))
                json.member("rules", rules.filter { places.contains($0.left) || places.contains($0.right) })
            }
        }
    }

    private var rules: Endpoint {
        Endpoint(
            .get, "/api/resources/identity-rules", summary: "What people have said about identity",
            access: .permission(.readConnections), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(IdentitySchemas.rule)]),
            responseExample: "{\"data\":[\(IdentitySchemas.ruleExample)]}"
        ) { [store] request in
            let rules = try await store.list(of: try request.org())
            return .json { $0.member("data", rules) }
        }
    }

    private var link: Endpoint {
        Endpoint(
            .post, "/api/resources/{id}/link", summary: "Say that two resources are one thing",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.identityLink.rawValue), idempotency: .natural,
            problems: [
                .invalidField("targetId", ""), .resourceNotFound, .alreadyOne, .cannotBeOne, .identityRuleLimit,
            ],
            request: .object(["targetId": .uuid, "reason": .string(maxLength: 500).nullable.optional]),
            response: IdentitySchemas.rule, status: 202,
            requestExample:
                #"{"targetId":"0b6f1c1e-9b1f-8c3d-a2e4-0f6b7c8d9e02","reason":"cloned before it was enrolled"}"#,
            responseExample: IdentitySchemas.ruleExample
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let word: LinkWord = try request.json()
            let visibility = try request.caller().visibility
            let ours = try await store.claims(of: try Self.id(request), in: org, seenBy: visibility)
            guard let target = word.target else {
                throw Problem.invalidField("targetId", "the other resource's id is wanted")
            }
            let reason = try Self.checked(word.reason, "reason")
            let theirs = try await store.claims(of: target, in: org, seenBy: visibility)
            guard let left = ours.first, let right = theirs.first else { throw Problem.resourceNotFound }
            guard left.resource != right.resource else { throw Problem.alreadyOne }
            guard let pair = Self.linkable(ours, theirs) else { throw Problem.cannotBeOne }
            let entry = try request.audit(
                .identityLink, of: "resource:\(left.resource)", before: nil,
                after: .object(["targetId": .string(right.resource.description), "reason": .string(reason)]), at: now)
            let made = try await store.say(
                .same, of: [pair], reason: reason, by: try request.caller().principal, in: org, at: now,
                entry: entry)
            return .json(made[0], status: 202)
        }
    }

    private var unlink: Endpoint {
        Endpoint(
            .post, "/api/resources/{id}/unlink", summary: "Say that what a source tells of is another thing",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.identityUnlink.rawValue), idempotency: .natural,
            problems: [.invalidField("reason", ""), .resourceNotFound, .nothingToUnlink, .identityRuleLimit],
            request: .object([
                "connectionId": .uuid.nullable.optional, "sources": .array(.string, maxItems: 20).nullable.optional,
                "reason": .string(maxLength: 500).nullable.optional,
            ]), response: .object(["data": .array(IdentitySchemas.rule)]), status: 202,
            requestExample: #"{"sources":["agent"],"reason":"a copy of the machine"}"#,
            responseExample: "{\"data\":[\(IdentitySchemas.ruleExample)]}"
        ) { [self] request in try await takeApart(request, try request.json()) }
    }

    /// The same by another name: what a person who finds a wrong merge looks for.
    private var reportMerge: Endpoint {
        Endpoint(
            .post, "/api/resources/{id}/report-merge", summary: "Report that sources were made one by mistake",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.identityUnlink.rawValue), idempotency: .natural,
            problems: [.invalidField("reason", ""), .resourceNotFound, .nothingToUnlink, .identityRuleLimit],
            request: .object([
                "sources": .array(.string, maxItems: 20), "notes": .string(maxLength: 500).nullable.optional,
            ]),
            response: .object(["data": .array(IdentitySchemas.rule)]), status: 202,
            requestExample: #"{"sources":["agent"],"notes":"another machine of that name"}"#,
            responseExample: "{\"data\":[\(IdentitySchemas.ruleExample)]}"
        ) { [self] request in try await takeApart(request, try request.json()) }
    }

    private var takeBack: Endpoint {
        Endpoint(
            .delete, "/api/resources/identity-rules/{id}", summary: "Let the evidence decide again",
            access: .permission(.manageConnections), scope: .settingsWrite,
            audit: .entry(action: AuditAction.identityRuleDelete.rawValue), idempotency: .natural,
            problems: [.identityRuleNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [self] request in
            guard let id = UUID(uuidString: request.parameters["id"] ?? "") else { throw Problem.identityRuleNotFound }
            let now = time.now
            let entry = try request.audit(
                .identityRuleDelete, of: "identity_rule:\(id.uuidString.lowercased())", at: now)
            try await store.takeBack(
                id, by: try request.caller().principal, in: try request.org(), at: now, entry: entry)
            return .noContent
        }
    }

    private func takeApart(_ request: APIRequest, _ word: UnlinkWord) async throws -> APIResponse {
        let (org, now) = (try request.org(), time.now)
        let claims = try await store.claims(
            of: try Self.id(request), in: org, seenBy: try request.caller().visibility)
        guard let first = claims.first else { throw Problem.resourceNotFound }
        let reason = try Self.checked(word.reason, "reason")
        let out = claims.filter { word.names($0) }
        // What is named is apart from everything else, and of several so named each from the others.
        let pairs = claims.indices.flatMap { index in
            claims[(index + 1)...].filter {
                $0.place.connection != claims[index].place.connection && (word.names($0) || word.names(claims[index]))
            }.map { (claims[index].place, $0.place) }
        }
        guard !pairs.isEmpty else { throw Problem.nothingToUnlink }
        let entry = try request.audit(
            .identityUnlink, of: "resource:\(first.resource)", before: nil,
            after: .object([
                "sources": .array(out.map { .string($0.said.source.rawValue) }), "reason": .string(reason),
            ]), at: now)
        let made = try await store.say(
            .different, of: pairs, reason: reason, by: try request.caller().principal, in: org, at: now,
            entry: entry)
        return .json(status: 202) { $0.member("data", made) }
    }

    /// Two claims that can be one thing, the leading ones first.
    private static func linkable(_ left: [Claim], _ right: [Claim]) -> (Claim.Place, Claim.Place)? {
        for one in left {
            for other in right where one.place.connection != other.place.connection {
                let areMachines =
                    ClaimMatch.machines.contains(one.said.type) && ClaimMatch.machines.contains(other.said.type)
                if areMachines || one.said.type == other.said.type { return (one.place, other.place) }
            }
        }
        return nil
    }

    private static func encode(
        _ claim: Claim, beside all: [Claim], _ rules: [IdentityRule], to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("connectionId", claim.place.connection)
            json.member("source", claim.said.source.rawValue)
            json.member("key", claim.place.key)
            json.member("name", claim.said.name)
            json.member("type", claim.said.type.rawValue)
            json.array("evidence") { json in
                for evidence in claim.said.evidence {
                    json.object { json in
                        json.member("kind", evidence.kind.rawValue)
                        json.member("value", evidence.value)
                    }
                }
            }
            json.array("because") { json in
                for other in all where other.place != claim.place {
                    guard let reason = reason(claim, other, rules) else { continue }
                    json.object { json in
                        json.member("connectionId", other.place.connection)
                        json.member("kind", reason.kind.rawValue)
                        json.member("signal", reason.signal)
                        json.member("confidence", reason.confidence)
                    }
                }
            }
        }
    }

    private static func reason(_ one: Claim, _ other: Claim, _ rules: [IdentityRule]) -> MergeReason? {
        let isSaid = rules.contains {
            $0.kind == .same && Set([$0.left, $0.right]) == Set([one.place, other.place])
        }
        return isSaid
            ? MergeReason(kind: .manual, signal: "link", confidence: 1) : .between(one.said, other.said)
    }

    private static func checked(_ text: String, _ field: String) throws(Problem) -> String {
        guard text.utf8.count <= 500, text.isPlainLine else {
            throw .invalidField(field, "one line of at most 500 bytes is wanted")
        }
        return text
    }

    private static func id(_ request: APIRequest) throws(Problem) -> ResourceID {
        guard let id = ResourceID(request.parameters["id"] ?? "") else { throw .resourceNotFound }
        return id
    }
}

/// `{targetId, reason?}`
private struct LinkWord: JSONDecodable {
    private(set) var target: ResourceID?
    private(set) var reason = ""

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "targetId": target = try reader.decode()
            case "reason": reason = try reader.decode(String?.self) ?? ""
            default: try reader.skip()
            }
        }
    }
}

/// `{connectionId?, sources?, reason?}`; `notes` is another name of the reason.
private struct UnlinkWord: JSONDecodable {
    private var connection: ConnectionID?
    private var sources: [String] = []
    private(set) var reason = ""

    func names(_ claim: Claim) -> Bool {
        claim.place.connection == connection || sources.contains(claim.said.source.rawValue)
    }

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "connectionId": connection = try reader.decode()
            case "sources": sources = try reader.decode([String]?.self) ?? []
            case "reason", "notes": reason = try reader.decode(String?.self) ?? ""
            default: try reader.skip()
            }
        }
    }
}
