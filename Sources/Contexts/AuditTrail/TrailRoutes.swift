package import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Reading the trail: entries, sums, checkpoints, and the key they are signed with.
package struct TrailRoutes: Sendable {
    private let reads: FusedRead
    private let store: TrailStore
    private let keys: TrailKeys
    private let plan: RetentionPlan

    package init(_ reads: FusedRead, store: TrailStore, keys: TrailKeys, plan: RetentionPlan) {
        self.reads = reads
        self.store = store
        self.keys = keys
        self.plan = plan
    }

    package var endpoints: [Endpoint] { [list, summary, actions, checkpoints, key] }

    private var list: Endpoint {
        reads.endpoint(
            "/api/audit", summary: "List who did what, newest first", permission: .readAudit, scope: .readAuditTrail,
            openTo: .evenClosing,
            query: TrailFilter.parameters,
            response: .object(["data": .array(TrailSchemas.entry, maxItems: 100), "nextCursor": .string.optional]),
            responseExample: #"{"data":[\#(TrailSchemas.entryExample)],"nextCursor":"42"}"#
        ) { request in
            [TrailStore.page(try TrailFilter(request.query))]
        } answer: { request, _, answers in
            let limit = try TrailFilter(request.query).limit
            let entries = try answers[0].rows(TrailStore.named)
            let page = entries.prefix(limit)
            return .json { json in
                json.array("data") { json in for entry in page { entry.encode(to: &json) } }
                json.member("nextCursor", entries.count > limit ? page.last.map { "\($0.entry.seq)" } : nil)
            }
        }
    }

    private var summary: Endpoint {
        reads.endpoint(
            "/api/audit/summary", summary: "Sum up the audit trail, and say whether its chain holds",
            permission: .readAudit, scope: .readAuditTrail, openTo: .evenClosing, query: TrailFilter.range,
            response: TrailSchemas.summary,
            responseExample: TrailSchemas.summaryExample
        ) { request in
            let filter = try TrailFilter(request.query)
            return [
                TrailStore.actionCounts(filter), TrailStore.actorCounts(filter), TrailStore.head,
                TrailStore.lastCheckpoint, TrailStore.retention,
            ]
        } answer: { [plan] _, _, answers in
            let actions = try answers[0].rows { (try $0.next(String.self), try $0.next(Int.self)) }
            let actors = try answers[1].rows { row in
                (try row.next(String.self), try row.next(String?.self), try row.next(Int.self))
            }
            let head = try answers[2].first(TrailStore.head) ?? TrailStore.Head()
            let checkpoint = try answers[3].first { try Checkpoint(&$0) }
            let days = try answers[4].first { try $0.next(Int32.self) }.map(Int.init) ?? plan.defaultDays
            return .json { json in
                json.member("total", actions.reduce(0) { $0 + $1.1 })
                json.array("actions") { json in
                    for (action, count) in actions {
                        json.object { json in
                            json.member("action", action)
                            json.member("count", count)
                        }
                    }
                }
                json.array("actors") { json in
                    for (actor, name, count) in actors {
                        json.object { json in
                            json.member("actor", actor)
                            json.member("actorName", name)
                            json.member("count", count)
                        }
                    }
                }
                json.object("chain") { head.encode(checkpoint, to: &$0) }
                json.member("retentionDays", days)
            }
        }
    }

    private var actions: Endpoint {
        Endpoint(
            .get, "/api/audit/actions", summary: "List every action that leaves an entry",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"),
            response: .object(["data": .array(.string)]), responseExample: #"{"data":["agent.enroll"]}"#
        ) { _ in
            .json { $0.member("data", AuditAction.allCases.map(\.rawValue).sorted()) }
        }
    }

    private var checkpoints: Endpoint {
        Endpoint(
            .get, "/api/audit/checkpoints", summary: "List the signed checkpoints, newest first",
            access: .permission(.readAudit), scope: .readAuditTrail, openTo: .evenClosing,
            audit: .none(reason: "reads only"),
            query: Array(TrailFilter.parameters.suffix(2)),
            response: .object(["data": .array(TrailSchemas.checkpoint, maxItems: 100), "nextCursor": .string.optional]),
            responseExample: #"{"data":[\#(TrailSchemas.checkpointExample)]}"#
        ) { [store] request in
            let filter = try TrailFilter(request.query)
            let found = try await store.newestCheckpoints(
                in: try request.org(), below: filter.below ?? .max, limit: filter.limit + 1)
            let page = found.prefix(filter.limit)
            return .json { json in
                json.member("data", Array(page))
                json.member("nextCursor", found.count > filter.limit ? page.last.map { "\($0.seq)" } : nil)
            }
        }
    }

    private var key: Endpoint {
        Endpoint(
            .get, "/api/audit/key", summary: "The public key that signs checkpoints and exports",
            access: .public(reason: "a public key; whoever checks an export offline needs it"),
            audit: .none(reason: "reads only"), response: TrailSchemas.key, responseExample: TrailSchemas.keyExample
        ) { [keys] _ in
            .json { json in
                json.member("keyId", keys.signing.verifying.id)
                json.member("publicKey", Base64URL.encode(keys.signing.verifying.bytes))
            }
        }
    }
}

extension TrailStore.Named {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", entry.id)
            json.member("seq", entry.seq)
            json.member("at", entry.at)
            json.member("actor", entry.actor)
            json.member("actorName", actorName)
            json.member("through", entry.through)
            json.member("action", entry.action)
            json.member("object", entry.object)
            json.member("objectName", objectName)
            for (key, text) in [("before", entry.before), ("after", entry.after)] {
                guard let text else { continue }
                json.key(key)
                json.raw(text.utf8)
            }
            json.member("address", entry.address)
            json.member("userAgent", entry.userAgent)
            json.member("requestId", entry.requestID)
            json.member("hash", entry.hash.hex)
        }
    }
}

extension TrailStore.Head {
    /// The members of the object that is open.
    func encode(_ checkpoint: Checkpoint?, to json: inout JSONWriter) {
        json.member("seq", seq)
        json.member("hash", hash.isEmpty ? nil : hash.hex)
        json.member("firstSeq", firstSeq)
        // A checkpoint is signed only over what was just checked.
        json.member("state", brokenSeq != nil ? "broken" : checkpoint == nil ? "unchecked" : "intact")
        json.member("brokenSeq", brokenSeq)
        json.member("checkpoint", checkpoint)
    }
}
