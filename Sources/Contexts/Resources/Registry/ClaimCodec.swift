import Compression
package import Inventory
import JSONKit
import Kernel

/// A claim as its row holds it: what was said but for values, as packed JSON.
package enum ClaimCodec {
    private static let sizeLimit = 1024 * 1024

    package static func encode(_ said: Observation) -> [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.member("type", said.type.rawValue)
            writer.member("source", said.source.rawValue)
            writer.member("scope", said.scope)
            writer.array("evidence") { writer in
                for evidence in said.evidence {
                    writer.array { writer in
                        writer.string(evidence.kind.rawValue)
                        writer.string(evidence.value)
                    }
                }
            }
            writer.member("parent", said.parent)
            writer.member("name", said.name)
            writer.member("technology", said.technology)
            writer.member("status", said.status.rawValue)
            writer.member("identity", said.identity)
            writer.member("tags", said.tags)
            writer.member("silenceSeconds", Int(said.silence.components.seconds))
            writer.member("receivedAt", said.receivedAt.milliseconds)
            writer.object("facts") { writer in
                for block in said.facts {
                    writer.key(block.name)
                    writer.raw(block.json)
                }
            }
        }
        return Packed.pack(writer.bytes)
    }

    /// - Returns: `nil` for bytes that are no claim of ours; it is learned again from its connection.
    package static func decode(_ bytes: [UInt8], at place: Claim.Place) -> Observation? {
        guard let plain = try? Packed.unpack(bytes, limit: sizeLimit) else { return nil }
        var reader = JSONReader(plain)
        guard let json = try? reader.decode(JSONValue.self), let type = json["type"]?.string.flatMap(ResourceType.init),
            let source = json["source"]?.string.flatMap(InventorySource.init), let name = json["name"]?.string,
            let status = json["status"]?.string.flatMap(ResourceStatus.init),
            let received = json["receivedAt"]?.int
        else { return nil }
        let heard = Timestamp(milliseconds: Int64(received))
        return Observation(
            connection: place.connection, source: source, type: type, key: place.key,
            scope: json["scope"]?.string ?? "", evidence: evidence(json["evidence"]), parent: json["parent"]?.string,
            name: name, technology: json["technology"]?.string, status: status, identity: identity(json["identity"]),
            tags: strings(json["tags"]), facts: blocks(json["facts"]),
            silence: .seconds(json["silenceSeconds"]?.int ?? 60), measuredAt: heard, receivedAt: heard)
    }

    private static func strings(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }

    private static func evidence(_ value: JSONValue?) -> [Evidence] {
        (value?.array ?? []).compactMap { pair in
            guard let parts = pair.array, parts.count == 2, let kind = parts[0].string.flatMap(Evidence.Kind.init),
                let value = parts[1].string
            else { return nil }
            return Evidence(kind, value)
        }
    }

    private static func identity(_ value: JSONValue?) -> ResourceIdentity {
        ResourceIdentity(
            machineID: value?["machineId"]?.string, dmiUUID: value?["dmiUuid"]?.string,
            hostnames: strings(value?["hostnames"]), ipAddresses: strings(value?["ipAddresses"]),
            macAddresses: strings(value?["macAddresses"]), clusterNames: clusters(value))
    }

    private static func clusters(_ identity: JSONValue?) -> [String] {
        let all = strings(identity?["clusterNames"])
        return all.isEmpty ? [identity?["clusterName"]?.string].compactMap { $0 } : all
    }

    private static func blocks(_ value: JSONValue?) -> [ResourceBlock] {
        (value?.object ?? [:]).sorted { $0.key < $1.key }.map { name, json in
            var writer = JSONWriter(capacity: 256)
            json.encode(to: &writer)
            return ResourceBlock(name, json: writer.bytes)
        }
    }
}
