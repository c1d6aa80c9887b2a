import HTTPKit
import Inventory
import JSONKit

enum LedgerSchemas {
    private static let system = Schema.object([
        "id": .uuid, "name": .string, "type": .enumeration(MonitoredSystems.Kind.allCases.map(\.rawValue)),
        "status": .enumeration(ResourceStatus.allCases.map(\.rawValue)), "resourceIds": .array(.uuid),
        "explanation": .object([
            "summary": .string, "reasons": .array(.object(["kind": .string, "signal": .string])),
            "surfaces": .array(.object(["name": .string, "type": .string, "source": .string])),
        ]),
    ]).named("MonitoredSystem")

    static let ledger = Schema.object([
        "total": .integer, "complete": .boolean,
        "unavailable": .array(.object(["connectionId": .uuid, "name": .string, "reason": .string])),
        "data": .array(system),
    ])

    static let explanation = Schema.object(["counted": .boolean, "summary": .string, "system": system.optional])

    static let example = """
        {"total":1,"complete":true,"unavailable":[],"data":[{"id":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","name":"pve1",\
        "type":"proxmox-node","status":"online","resourceIds":["5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01"],\
        "explanation":{"summary":"One system, seen by proxmox and agent: both show the same machine-id.",\
        "reasons":[{"kind":"shared-identity","signal":"machine-id"}],\
        "surfaces":[{"name":"pve1","type":"proxmox-node","source":"proxmox"},\
        {"name":"pve1","type":"host","source":"agent"}]}}]}
        """

    static func encode(_ system: MonitoredSystems.System, to json: inout JSONWriter) {
        json.object { json in
            json.member("id", system.id)
            json.member("name", system.name)
            json.member("type", system.kind.rawValue)
            json.member("status", system.status.rawValue)
            json.member("resourceIds", system.resources)
            json.object("explanation") { json in
                json.member("summary", summary(system))
                json.array("reasons") { json in
                    for reason in system.reasons {
                        json.object { json in
                            json.member("kind", reason.kind)
                            json.member("signal", reason.signal)
                        }
                    }
                }
                json.array("surfaces") { json in
                    for surface in system.surfaces {
                        json.object { json in
                            json.member("name", surface.name)
                            json.member("type", surface.kind.rawValue)
                            json.member("source", surface.source)
                        }
                    }
                }
            }
        }
    }

    static func summary(_ system: MonitoredSystems.System) -> String {
        var seen: [String] = []
        for source in system.surfaces.map(\.source) where !seen.contains(source) { seen.append(source) }
        let by =
            seen.count < 2 ? seen.joined() : seen.dropLast().joined(separator: ", ") + " and " + seen[seen.count - 1]
        guard let reason = system.reasons.first, reason.kind != "standalone" else {
            return "One system, seen by \(by)."
        }
        let why =
            switch reason.kind {
            case "shared-identity": "both show the same \(reason.signal)"
            case "identity-match": "host name and network card agree"
            case "manual": "somebody said that they are one"
            case "exact-host-attachment": "they have the same host name, and nobody else has it"
            default: "they have the same address, and nobody else has it"
            }
        return "One system, seen by \(by): \(why)."
    }
}
