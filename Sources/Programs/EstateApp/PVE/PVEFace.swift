import JSONKit
import Kernel

/// The API of Proxmox VE, `/api2/json/…`, over a scene.
struct PVEFace: Sendable {
    /// By number of path segments: a path is compared with its like only.
    private static let routes: [Int: [PVERoute]] = Dictionary(
        grouping: PVEAccessAnswers.routes + PVEClusterAnswers.routes + PVENodeAnswers.routes + PVEGuestAnswers.routes
            + PVEAgentAnswers.routes + PVEStorageAnswers.routes + PVEDiskAnswers.routes + PVECephAnswers.routes
            + PVETaskAnswers.routes + PVEReplicationAnswers.routes + PVEHistoryAnswers.routes,
        by: \.pattern.count)

    let scene: ClusterScene
    let access: PVEAccess
    /// The node whose address the client uses.
    let door: Int
    let fingerprint: String
    let address: @Sendable (Int) -> String

    func answer(_ request: FaceRequest) -> FaceReply {
        do throws(PVEError) {
            return try understand(request)
        } catch {
            return refusal(error)
        }
    }

    private func understand(_ request: FaceRequest) throws(PVEError) -> FaceReply {
        let (path, query) = request.pathAndQuery
        guard path.hasPrefix("/api2/json") else {
            return FaceReply(headers: [("Content-Type", "text/html; charset=utf-8")], body: Self.page)
        }
        let segments = path.split(separator: "/").dropFirst(2).map { FormText.decode($0, plusIsSpace: false) }
        var parameters = FormText.parse(query)
        if request.method == "POST", segments == ["access", "ticket"] {
            parameters.merge(try form(request)) { _, new in new }
            return try write(call("POST", parameters, .limited, "")) { call, json throws(PVEError) in
                try PVEAccessAnswers.ticket(call, &json)
            }
        }
        let (rights, principal) = try access.rights(
            authorization: request.header("authorization"), cookie: cookie(request.header("cookie")),
            csrf: request.header("csrfpreventiontoken"), method: request.method, at: scene.now)
        guard request.method == "GET" || request.method == "HEAD" else {
            throw notImplemented(request.method, segments)
        }
        for route in Self.routes[segments.count] ?? [] {
            guard let found = route.match(segments) else { continue }
            var call = call(request.method, parameters, rights, principal)
            call.path = found
            try route.check(call)
            return try write(call, route.answer)
        }
        throw notImplemented("GET", segments)
    }

    private func call(_ method: String, _ parameters: [String: String], _ rights: PVERights, _ principal: String)
        -> PVECall
    {
        PVECall(
            scene: scene, rights: rights, principal: principal, door: door, access: access, fingerprint: fingerprint,
            address: address, method: method, parameters: parameters)
    }

    private func write(_ call: PVECall, _ answer: PVERoute.Answer) throws(PVEError) -> FaceReply {
        var call = call
        // A guest takes about 400 bytes in the long list.
        var json = JSONWriter(capacity: 512)
        json.beginObject()
        json.key("data")
        try answer(&call, &json)
        json.endObject()
        return FaceReply(headers: Self.headers, body: json.bytes, delay: call.delay)
    }

    private func refusal(_ error: PVEError) -> FaceReply {
        var json = JSONWriter(capacity: 128)
        json.object { json in
            json.key("data")
            json.null()
            json.member("message", error.reason + "\n")
            guard !error.errors.isEmpty else { return }
            json.object("errors") { json in for (name, why) in error.errors { json.member(name, why) } }
        }
        return FaceReply(status: error.status, reason: error.reason, headers: Self.headers, body: json.bytes)
    }

    private func notImplemented(_ method: String, _ segments: [String]) -> PVEError {
        PVEError(status: 501, reason: "Method '\(method) /\(segments.joined(separator: "/"))' not implemented")
    }

    /// JSON or form; another media type is what pveproxy answers with 415 to.
    private func form(_ request: FaceRequest) throws(PVEError) -> [String: String] {
        let type = request.header("content-type") ?? "application/x-www-form-urlencoded"
        if type.hasPrefix("application/x-www-form-urlencoded") {
            return FormText.parse(String(decoding: request.body, as: UTF8.self)[...])
        }
        guard type.hasPrefix("application/json") else {
            throw PVEError(status: 415, reason: "Unsupported Media Type")
        }
        guard let members = (try? JSONValue(json: request.body))?.object else {
            throw PVEError(status: 400, reason: "unable to parse JSON body")
        }
        return members.compactMapValues { value in value.string ?? value.int.map { "\($0)" } }
    }

    private func cookie(_ text: String?) -> String? {
        text?.split(separator: ";").lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix("PVEAuthCookie=") }
            .map { FormText.decode($0.dropFirst("PVEAuthCookie=".count), plusIsSpace: false) }
    }

    private static let headers = [
        (name: "Content-Type", value: "application/json;charset=UTF-8"), (name: "Cache-Control", value: "max-age=0"),
        (name: "Pragma", value: "no-cache"), (name: "Server", value: "pve-api-daemon/3.0"),
    ]

    private static let page = Array(
        "<!DOCTYPE html><html><head><title>Proxmox Virtual Environment</title></head></html>".utf8)
}
