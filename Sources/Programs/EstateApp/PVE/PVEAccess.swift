import Crypto
import JSONKit

/// The credentials of one cluster: a monitor's user with a password, and two tokens of that user.
package struct PVEAccess: Sendable {
    package let user = "pulse@pve"
    package let password: String
    package let secret: String
    package let limitedSecret: String
    private let ticketKey: String

    package var tokenID: String { "\(user)!monitor" }
    package var limitedTokenID: String { "\(user)!limited" }

    /// Tickets are good for two hours.
    static let ticketLifetime = 7200.0

    init(_ seed: Seed) {
        password = seed.hex(.password, digits: 20)
        secret = seed.uuid(.secret)
        limitedSecret = seed.uuid(.limitedSecret)
        ticketKey = seed.hex(.certificate, digits: 32)
    }

    /// Who asks, from the headers. - Throws: 401 as pveproxy says it.
    func rights(authorization: String?, cookie: String?, csrf: String?, method: String, at now: Double) throws(PVEError)
        -> (PVERights, principal: String)
    {
        if let authorization {
            let prefix = "PVEAPIToken="
            guard authorization.hasPrefix(prefix) else { throw .unauthorized }
            switch authorization.dropFirst(prefix.count) {
            case "\(tokenID)=\(secret)": return (.full, tokenID)
            case "\(limitedTokenID)=\(limitedSecret)": return (.limited, limitedTokenID)
            default: throw .wrongToken
            }
        }
        guard let cookie else { throw .unauthorized }
        guard isValid(ticket: cookie, at: now) else {
            throw PVEError(status: 401, reason: "permission denied - invalid PVE ticket")
        }
        if method != "GET", csrf != csrfToken(for: cookie) {
            throw PVEError(status: 401, reason: "Permission denied - invalid csrf token")
        }
        return (.full, user)
    }

    func ticket(at now: Double) -> String {
        let time = String(Int64(now), radix: 16, uppercase: true)
        return "PVE:\(user):\(time)::\(digest("\(user):\(time)"))"
    }

    func csrfToken(for ticket: String) -> String { digest("csrf:\(ticket)") }

    private func isValid(ticket: String, at now: Double) -> Bool {
        let parts = ticket.replacing("%3A", with: ":").replacing("%40", with: "@").split(
            separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "PVE", parts[1] == user[...], let time = Int64(parts[2], radix: 16),
            parts[4] == digest("\(parts[1]):\(parts[2])")[...]
        else { return false }
        // Clocks that are five minutes ahead are forgiven.
        return now - Double(time) < Self.ticketLifetime && Double(time) - now < 300
    }

    private func digest(_ text: String) -> String {
        SHA256.hash(data: Array("\(ticketKey):\(text)".utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}

/// `/access/…`.
enum PVEAccessAnswers {
    static let routes = [
        PVERoute("access", []) { call, json in
            json.array { json in
                for name in [
                    "users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password", "permissions",
                ] {
                    json.object { $0.member("subdir", name) }
                }
            }
        },
        PVERoute("access/permissions", ["path", "userid"]) { call, json in permissions(call, &json) },
        PVERoute("access/users", ["enabled", "full"]) { call, json in
            json.array { json in
                json.object { json in
                    json.member("userid", call.access.user)
                    json.member("enable", 1)
                    json.member("expire", 0)
                    json.member("realm-type", "pve")
                    json.member("tokens", nil as String?)
                }
            }
        },
        PVERoute("access/domains", []) { call, json in
            json.array { json in
                for (realm, comment) in [
                    ("pam", "Linux PAM standard authentication"), ("pve", "Proxmox VE authentication server"),
                ] {
                    json.object { json in
                        json.member("realm", realm)
                        json.member("type", realm)
                        json.member("comment", comment)
                    }
                }
            }
        },
        PVERoute("access/roles", []) { call, json in
            json.array { json in
                json.object { json in
                    json.member("roleid", "PVEAuditor")
                    json.member("privs", "Datastore.Audit,Mapping.Audit,Pool.Audit,SDN.Audit,Sys.Audit,VM.Audit")
                    json.member("special", 1)
                }
            }
        },
    ]

    private static func permissions(_ call: PVECall, _ json: inout JSONWriter) {
        var privileges = ["Datastore.Audit", "VM.Audit", "Pool.Audit", "SDN.Audit"]
        if call.rights == .full {
            privileges += ["Sys.Audit", "Mapping.Audit", call.release.isNine ? "VM.GuestAgent.Audit" : "VM.Monitor"]
        }
        json.object { json in
            for path in [call.parameters["path"]].compactMap({ $0 }).isEmpty
                ? ["/", "/access", "/nodes", "/pool", "/sdn", "/storage", "/vms"] : [call.parameters["path"] ?? "/"]
            {
                json.object(path) { json in
                    for privilege in privileges.sorted() { json.member(privilege, 1) }
                }
            }
        }
    }

    /// `POST /access/ticket`.
    static func ticket(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let name = try call.required("username")
        let password = try call.required("password")
        let user = name.contains("@") ? name : "\(name)@\(call.parameters["realm"] ?? "pam")"
        // A still valid ticket is accepted in the password's place: that is how clients renew.
        let renews =
            (try? call.access.rights(
                authorization: nil, cookie: password, csrf: nil, method: "GET", at: call.scene.now)) != nil
        guard user == call.access.user, password == call.access.password || renews else { throw .wrongLogin }
        let ticket = call.access.ticket(at: call.scene.now)
        json.object { json in
            json.member("username", user)
            json.member("ticket", ticket)
            json.member("CSRFPreventionToken", call.access.csrfToken(for: ticket))
            json.member("clustername", call.plan.isStandalone ? nil : call.plan.name)
            json.object("cap") { json in
                for area in ["access", "dc", "nodes", "storage", "vms"] {
                    json.object(area) { $0.member("Sys.Audit", 1) }
                }
            }
        }
    }
}
