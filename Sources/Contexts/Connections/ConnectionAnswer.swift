internal import HTTPKit
package import Inventory
package import JSONKit
internal import Kernel

/// A connection as it is shown: everything but its secret.
struct ConnectionAnswer: JSONEncodable {
    let stored: StoredConnection
    let health: ConnectionHealth
    /// `nil` while it does not open.
    let host: String?

    /// The revision is what `If-Match` compares; the rest tells caches of health, which moves without it.
    var headers: Headers {
        let moments = [health.checkedAt, health.nextPollAt].map { $0.map { "\($0.milliseconds)" } ?? "-" }
        return ["etag": "\"\(stored.revision).\(moments.joined(separator: "."))\""]
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", stored.id)
            json.member("kind", stored.kind.rawValue)
            json.member("name", stored.name)
            json.member("host", host)
            json.member("port", stored.port)
            json.object("trust") { json in
                json.member("mode", stored.trust.mode)
                json.member("certificates", stored.trust.pem)
                json.member("fingerprint", stored.trust.pin.map(Fingerprint.text))
            }
            switch stored.credential {
            case .token(let id): json.member("tokenId", id)
            case .password(let user): json.member("user", user)
            case .none: break
            }
            json.member("secretSet", stored.secret != nil)
            json.member("cadenceSeconds", stored.cadence.components.seconds)
            json.member("adaptive", stored.isAdaptive)
            json.member("enabled", stored.isEnabled)
            json.member("siteId", stored.site)
            json.array("tags") { json in for tag in stored.tags { json.string(tag) } }
            json.member("agentId", stored.route.agent)
            json.member("probe", stored.probe?.json)
            json.member("revision", stored.revision)
            json.member("createdAt", stored.createdAt)
            json.member("changedAt", stored.changedAt)
            json.key("health")
            health.encode(to: &json)
        }
    }
}

extension ConnectionHealth: JSONEncodable {
    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("state", state.rawValue)
            json.member("checkedAt", checkedAt)
            json.member("okAt", okAt)
            json.member("reason", fault?.reason.rawValue)
            json.member("detail", fault?.detail)
            json.member("latencyMs", latency?.milliseconds)
            json.member("nextPollAt", nextPollAt)
            json.member("version", version)
            json.member("instanceName", instanceName)
            json.member("discovered", discovered.map(DiscoveredJSON.init(counts:)))
            json.member("degraded", DegradedJSON(parts: degraded))
            json.member("consecutiveFailures", consecutiveFailures)
        }
    }
}

extension ServerCertificate: JSONEncodable {
    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("fingerprint", Fingerprint.text(sha256))
            json.member("subject", subject)
            json.member("issuer", issuer)
            json.member("notAfter", notAfter)
            json.member("trusted", isTrusted)
        }
    }
}

extension ConnectionTester.Outcome {
    /// The members of the object that is open.
    func write(to json: inout JSONWriter) {
        switch result {
        case .success(let found):
            json.member("ok", true)
            json.member("version", found.version)
            json.member("instanceName", found.instanceName)
            json.member("latencyMs", found.latency.milliseconds)
            json.member("discovered", DiscoveredJSON(counts: found.discovered))
            json.member("degraded", DegradedJSON(parts: found.degraded.sorted { $0.part < $1.part }))
        case .failure(let fault):
            json.member("ok", false)
            json.member("reason", fault.reason.rawValue)
            json.member("detail", fault.shortened.detail)
            json.array("degraded") { _ in }
        }
        json.member("certificate", certificate)
    }
}
