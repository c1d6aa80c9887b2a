import Inventory
import JSONKit
import Kernel
import Resources

/// A message to a reader: its type, and its JSON, written once for all readers of the organisation.
struct LiveMessage: Sendable {
    let type: String
    /// Sent back by a reader that resumes: `epoch.seq`.
    let resumeID: String?
    let json: [UInt8]

    private init(_ type: String, at: Timestamp, head: OrgHead? = nil, data: (inout JSONWriter) -> Void) {
        self.type = type
        resumeID = head.map { "\($0.epoch).\($0.seq)" }
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.member("type", type)
            writer.member("timestamp", at.milliseconds)
            if let head {
                writer.object("head") { writer in
                    writer.member("epoch", head.epoch)
                    writer.member("seq", head.seq)
                }
            }
            data(&writer)
        }
        json = writer.bytes
    }

    static func welcome(to org: OrgID, at now: Timestamp) -> LiveMessage {
        LiveMessage("welcome", at: now) { writer in
            writer.object("data") { writer in
                writer.member("message", "connected")
                writer.member("orgId", org)
            }
        }
    }

    static func initialState(_ resources: [StoredResource], head: OrgHead, at now: Timestamp) -> LiveMessage {
        LiveMessage("initialState", at: now, head: head) { writer in
            writer.object("data") { writer in
                writer.array("resources") { writer in
                    for resource in resources { writer.raw(resource.wire) }
                }
            }
        }
    }

    static func delta(_ delta: Delta) -> LiveMessage {
        guard case .changes(let json) = delta.body else { return .reload(at: delta.at) }
        return LiveMessage("rawData", at: delta.at, head: delta.head) { writer in
            writer.object("data") { writer in
                writer.key("resourceDelta")
                writer.raw(json)
            }
        }
    }

    /// What was told has a gap: ask for everything again.
    static func reload(at now: Timestamp) -> LiveMessage { LiveMessage("reload", at: now) { _ in } }

    static func pong(at now: Timestamp) -> LiveMessage { LiveMessage("pong", at: now) { _ in } }
}

/// What a client may say. Anything else is ignored, as the agents and consoles of the field expect.
enum ClientMessage: String {
    case ping, requestData

    init?(_ text: String) {
        var reader = JSONReader(Array(text.utf8))
        guard let value = try? reader.decode(JSONValue.self), let type = value["type"]?.string else { return nil }
        self.init(rawValue: type)
    }
}

extension OrgHead {
    /// `epoch.seq`; anything else is `nil`.
    init?(resumeID: String) {
        let parts = resumeID.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = Int64(parts[0]), let seq = Int64(parts[1]), epoch >= 0, seq >= 0 else {
            return nil
        }
        self.init(epoch: epoch, seq: seq)
    }
}
