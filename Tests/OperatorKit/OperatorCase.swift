import Access
import AuditTrail
import CoreMetrics
import Cryptography
package import FrontDoorKit
package import HTTPKit
import Identity
import JSONKit
package import Kernel
import Logging
package import OperatorPlane
package import Postgres
import Tenancy
package import TestKit
import Testing

/// Both doors of a Pulse: the customers' and, behind a gate of its own, the operators'.
package struct OperatorCase {
    package static let password = "correct horse battery"

    package let door: FrontDoor
    package let staff: Database
    package let context: OperatorContext
    package let accounts: OperatorAccounts
    /// Every route of the operators' listener.
    package let table: [Endpoint]
    private let responder: Responder

    /// - Parameter more: routes of the operators' listener beside those of OperatorPlane.
    package init(time: ManualTime? = nil, _ more: (OperatorContext) -> [Endpoint] = { _ in [] }) throws {
        let customers = { (parts: FrontDoorParts) in
            OrganisationRoutes(parts.context).endpoints + MemberRoutes(parts.context).endpoints
                + SiteRoutes(database: parts.context.database, time: parts.context.time).endpoints
                + SupportConsentRoutes(database: parts.context.database, time: parts.context.time).endpoints
        }
        door = try FrontDoor(time: time ?? ManualTime(), customers)
        var settings = DatabaseConfiguration(url: TestDatabase.current.uri(as: "pulse_operator"))
        settings.sharedConnections = 1
        settings.leasedConnections = 1
        settings.unavailableAfter = .seconds(20)
        settings.leaseTimeout = .seconds(20)
        staff = Database(settings, logger: .silent)
        context = OperatorContext(
            door.context, staff: staff, url: "https://ops.example.com",
            keys: TrailKeys(secret: Secret(Array("a secret key for tests, 32 bytes!".utf8))))
        accounts = OperatorAccounts(
            staff: staff, links: door.context.links, url: context.url, time: door.time)
        table =
            OperatorTable(context).endpoints(
                from: customers(FrontDoorParts(context: door.context, gate: door.gate))) + more(context)
        var http = HTTPSettings()
        http.rateMultiplier = 0
        responder = Responder(
            table: try EndpointTable(table),
            gate: OperatorGate(staff: staff, app: TestDatabase.current.app, time: door.time), settings: http,
            metrics: HTTPMetrics(factory: NOOPMetricsHandler.instance), logger: .silent)
    }

    /// A browser at the operators' door that has never been here.
    package func browser(at address: String = "192.0.2.20") -> Browser {
        Browser(responder: responder, address: address)
    }

    /// Somebody with an account that is set up.
    package struct Person {
        package let id: OperatorID
        package let email: String
        package let secret: Secret<[UInt8]>

        package init(id: OperatorID, email: String, secret: Secret<[UInt8]>) {
            (self.id, self.email, self.secret) = (id, email, secret)
        }

        package func code(at moment: Timestamp) -> String {
            TimeCode.code(at: TimeCode.step(at: moment), secret: secret)
        }
    }

    package static func token(of link: OperatorAccounts.Link) throws -> String {
        try #require(link.address.reveal().split(separator: "=").last.map(String.init))
    }

    /// Sets the account behind a link up; the code that did it is used up afterwards.
    package func setUp(_ token: String, password: String = OperatorCase.password) async throws -> Secret<[UInt8]> {
        let begun = await browser().send(.post, "/api/operator/setup/begin", ["token": .string(token)])
        let secret = Secret(Self.base32(try #require(begun.json["secret"]?.string, "\(begun.text)")))
        let code = TimeCode.code(at: TimeCode.step(at: door.time.now), secret: secret)
        let done = await browser().send(
            .post, "/api/operator/setup/complete",
            ["token": .string(token), "password": .string(password), "code": .string(code)])
        try #require(done.status == 204, "\(done.text)")
        door.time.advance(by: .seconds(30))
        return secret
    }

    package func person(_ role: OperatorRole = .operator, email: String? = nil) async throws -> Person {
        let email = email ?? "op-\(OperatorID.new(at: door.time.now).description.suffix(12))@host.example"
        let link = try await accounts.create(email, name: "Mira", role: role)
        return Person(id: link.id, email: email, secret: try await setUp(try Self.token(of: link)))
    }

    /// Signs in, in this browser.
    @discardableResult
    package func signIn(
        _ person: Person, in browser: Browser, password: String = OperatorCase.password, code: String? = nil
    ) async -> Browser.Answer {
        let answer = await browser.send(
            .post, "/api/operator/login",
            [
                "email": .string(person.email), "password": .string(password),
                "code": .string(code ?? person.code(at: door.time.now)),
            ])
        if let token = answer.json["csrfToken"]?.string { browser.csrf = .some(token) }
        return answer
    }

    package func signedIn(_ role: OperatorRole = .operator) async throws -> (person: Person, browser: Browser) {
        let (person, browser) = (try await person(role), browser())
        try #require(await signIn(person, in: browser).status == 200)
        return (person, browser)
    }

    /// Asks, and an owner of the organisation agrees.
    /// - Returns: the id of the access.
    package func letIn(_ browser: Browser, to org: OrgID, by owner: UserID, minutes: Int64 = 60) async throws -> String
    {
        let asked = await browser.send(
            .post, "/api/operator/orgs/\(org)/support-access",
            ["reason": "The graphs stand still", "minutes": .integer(minutes)])
        let id = try #require(asked.json["id"]?.string, "\(asked.text)")
        let agreed = await (try await door.browser(of: owner)).send(
            .post, "/api/orgs/\(org)/support-access/\(id)/approve", [:])
        try #require(agreed.status == 200, "\(agreed.text)")
        return id
    }

    /// Actions in an organisation's trail with who did them, in order.
    package func trail(of org: OrgID) async throws -> [String] {
        try await TestDatabase.current.app.rows(
            in: org, "SELECT action || ' ' || split_part(actor, ':', 1) FROM audit_entries ORDER BY seq"
        ) { try $0.next() }
    }

    /// Actions in the operators' own log, in order.
    package func log() async throws -> [String] {
        try await TestDatabase.current.superuser.rowsGlobally("SELECT action FROM pulse.operator_log ORDER BY seq") {
            try $0.next()
        }
    }

    package static func base32(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (bits, count, bytes) = (0, 0, [UInt8]())
        for character in text {
            bits = (bits << 5) | (alphabet.firstIndex(of: character) ?? 0)
            count += 5
            if count >= 8 {
                count -= 8
                bytes.append(UInt8((bits >> count) & 0xFF))
            }
        }
        return bytes
    }
}
