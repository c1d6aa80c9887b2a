internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
package import Kernel
package import Outbound

/// Receivers of the trail, as those who manage it see them. Addresses and secrets go in and do not come out.
package struct StreamRoutes: Sendable {
    private let streams: StreamStore
    private let policy: OutboundPolicy
    private let time: any TimeSource

    package init(_ streams: StreamStore, policy: OutboundPolicy, time: any TimeSource) {
        self.streams = streams
        self.policy = policy
        self.time = time
    }

    package var endpoints: [Endpoint] { [list, create, update, delete] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/audit/streams", summary: "List where the trail is sent", access: .permission(.manageAudit),
            audit: .none(reason: "reads only"),
            response: .object(["data": .array(TrailStream.schema, maxItems: StreamStore.limit)]),
            responseExample: #"{"data":[\#(TrailStream.example)]}"#
        ) { [streams] request in
            let all = try await streams.all(in: try request.org())
            return .json { json in
                json.array("data") { json in for stream in all { json.object { stream.encode(to: &$0) } } }
            }
        }
    }

    private static let createSchema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64), "kind": .enumeration(TrailStream.Kind.allCases.map(\.rawValue)),
        "address": .string(minLength: 1, maxLength: 2048).described("https://… or host:port"),
        "caCertificate": .string(maxLength: 16_384).described("PEM; syslog with a certificate of one's own").optional,
    ])

    private var create: Endpoint {
        Endpoint(
            .post, "/api/audit/streams", summary: "Send the trail to a webhook or a syslog server from now on",
            access: .permission(.manageAudit), audit: .entry(action: AuditAction.auditStreamCreate.rawValue),
            idempotency: .key, problems: [.auditStreamLimit], request: Self.createSchema,
            response: .object([
                "stream": TrailStream.schema,
                "secret": .string.described("Signs the webhooks (Standard Webhooks); shown this once").optional,
            ]), status: 201,
            requestExample: #"{"name":"SIEM","kind":"webhook","address":"https://siem.example.com/pulse"}"#,
            responseExample: #"{"stream":\#(TrailStream.example),"secret":"whsec_…"}"#
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let body = try request.json(JSONValue.self)
            let new = try Self.new(from: body, policy: policy, at: now)
            let entry = try request.audit(
                .auditStreamCreate, of: "audit_stream:\(new.id)", before: nil,
                after: [
                    "name": .string(new.name), "kind": .string(new.kind.rawValue), "host": .string(new.address.host),
                ], at: now)
            try await streams.create(new, in: org, at: now, entry: entry)
            guard let stream = try await streams.one(new.id, in: org) else { throw Problem.auditStreamNotFound }
            return .json(status: 201) { json in
                json.object("stream") { stream.encode(to: &$0) }
                json.member("secret", new.secret?.reveal())
            }
        }
    }

    private static func new(from body: JSONValue, policy: OutboundPolicy, at now: Timestamp) throws -> StreamStore.New {
        guard let kind = body["kind"]?.string.flatMap({ TrailStream.Kind(rawValue: $0) }) else {
            throw Problem.invalidField("kind", "webhook or syslog is wanted")
        }
        let certificates = body["caCertificate"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        if let certificates {
            guard kind == .syslog, certificates.utf8.count <= 16_384,
                GuardedStream.areCertificates(Array(certificates.utf8))
            else { throw Problem.invalidField("caCertificate", "PEM certificates are wanted, for syslog alone") }
        }
        return StreamStore.New(
            id: AuditStreamID.new(at: now), name: try name(body["name"]?.string ?? ""), kind: kind,
            address: try StreamAddress(body["address"]?.string ?? "", for: kind, policy: policy),
            secret: kind == .webhook ? WebhookSignature.newSecret() : nil, certificates: certificates)
    }

    private static func name(_ text: String) throws(Problem) -> String {
        let name = text.trimmed
        guard (1...64).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
        }
        return name
    }

    private var update: Endpoint {
        Endpoint(
            .patch, "/api/audit/streams/{id}", summary: "Rename, stop, resume or redirect a stream",
            access: .permission(.manageAudit), audit: .entry(action: AuditAction.auditStreamUpdate.rawValue),
            idempotency: .natural, problems: [.auditStreamNotFound],
            request: .object([
                "name": .string(minLength: 1, maxLength: 64).optional, "enabled": .boolean.optional,
                "address": .string(minLength: 1, maxLength: 2048).optional,
            ]), response: TrailStream.schema, requestExample: #"{"enabled":false}"#,
            responseExample: TrailStream.example
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            let body = try request.json(JSONValue.self)
            guard let id = AuditStreamID(request.parameters["id"] ?? ""), let old = try await streams.one(id, in: org)
            else { throw Problem.auditStreamNotFound }
            let name = try body["name"]?.string.map { text throws(Problem) in try Self.name(text) }
            let address = try body["address"]?.string.map { text throws(Problem) in
                try StreamAddress(text, for: old.kind, policy: policy)
            }
            let isEnabled = body["enabled"]?.bool
            let entry = try request.audit(
                .auditStreamUpdate, of: "audit_stream:\(id)",
                before: ["name": .string(old.name), "enabled": .bool(old.isEnabled), "host": .string(old.host)],
                after: [
                    "name": .string(name ?? old.name), "enabled": .bool(isEnabled ?? old.isEnabled),
                    "host": .string(address?.host ?? old.host),
                ], at: now)
            guard
                try await streams.update(
                    id, in: org, name: name, isEnabled: isEnabled, address: address, at: now, entry: entry),
                let stream = try await streams.one(id, in: org)
            else { throw Problem.auditStreamNotFound }
            return .json { stream.encode(to: &$0) }
        }
    }

    private var delete: Endpoint {
        Endpoint(
            .delete, "/api/audit/streams/{id}", summary: "Send the trail there no more",
            access: .permission(.manageAudit), audit: .entry(action: AuditAction.auditStreamDelete.rawValue),
            idempotency: .natural, problems: [.auditStreamNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [self] request in
            let (org, now) = (try request.org(), time.now)
            guard let id = AuditStreamID(request.parameters["id"] ?? "") else { throw Problem.auditStreamNotFound }
            let entry = try request.audit(.auditStreamDelete, of: "audit_stream:\(id)", at: now)
            guard try await streams.delete(id, in: org, entry: entry) else { throw Problem.auditStreamNotFound }
            return .noContent
        }
    }
}

extension Problem {
    static let auditStreamNotFound = Problem(
        "audit-stream-not-found", status: 404, title: "The trail is not sent there")
    static let auditStreamLimit = Problem(
        "audit-stream-limit", status: 409, title: "The trail is sent to enough places",
        detail: "An organisation may have \(StreamStore.limit); remove one first.")
}
