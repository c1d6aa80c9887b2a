import JSONKit

@testable import EstateApp

/// A face over a small estate, asked without a socket.
struct EstateFixture {
    /// 2026-11-21T12:00:00Z, a Saturday.
    static let noon = 1_795_262_400.0

    let plan: ClusterPlan
    let access: PVEAccess
    var events = ForcedEvents()

    init(
        _ releases: EstateShape.Releases = .nine, seed: UInt64 = 1, nodes: Int = 3, guests: Int = 40,
        isCalm: Bool = false
    ) {
        var shape = EstateShape()
        shape.seed = seed
        shape.nodes = nodes
        shape.guests = guests
        shape.releases = releases
        shape.isCalm = isCalm
        plan = Estate(shape).cluster(0)
        access = PVEAccess(plan.seed)
    }

    func scene(at time: Double = noon) -> ClusterScene { ClusterScene(plan, events: events, at: time) }

    func reply(_ path: String, at time: Double = noon, door: Int = 0, limited: Bool = false) -> FaceReply {
        let token =
            limited ? "\(access.limitedTokenID)=\(access.limitedSecret)" : "\(access.tokenID)=\(access.secret)"
        return ask(
            FaceRequest(
                method: "GET", uri: "/api2/json\(path)", headers: [("Authorization", "PVEAPIToken=\(token)")]),
            at: time,
            door: door)
    }

    func ask(_ request: FaceRequest, at time: Double = noon, door: Int = 0) -> FaceReply {
        PVEFace(scene: scene(at: time), access: access, door: door, fingerprint: "AA:BB") { "127.32.0.\($0 + 1)" }
            .answer(request)
    }

    /// What stands under `data`.
    func data(_ path: String, at time: Double = noon) throws -> JSONValue {
        let reply = reply(path, at: time)
        guard reply.status == 200 else { throw EstateError("\(path): \(reply.status) \(reply.reason)") }
        return try JSONValue(json: reply.body)["data"] ?? .null
    }

    func list(_ path: String, at time: Double = noon) throws -> [JSONValue] { try data(path, at: time).array ?? [] }
}
