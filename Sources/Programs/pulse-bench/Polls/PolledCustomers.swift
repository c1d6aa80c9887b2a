import Access
import Cryptography
import EstateApp
import Foundation
import HTTPKit
import Kernel
import Postgres

/// Organisations whose one person connects the clusters of an estate over HTTP.
final class PolledCustomers {
    let organisations: [OrgID]
    private let session = BearerToken.new(.session)
    private let csrf = "bench"

    init(_ setting: BenchDatabase, organisations count: Int) async throws {
        let now = SystemTime().now
        let person = UserID.new(at: now)
        let orgs = (0..<count).map { _ in OrgID.new(at: now) }
        organisations = orgs
        var statements: [SQL] = [
            """
            INSERT INTO pulse.users (id, email, email_key, created_at)
            VALUES (\(person), 'polls@example.org', 'polls@example.org', \(now))
            """,
            """
            INSERT INTO pulse.sessions (id, user_id, token_hash, csrf_hash, created_at, last_seen_at, idle, expires_at,
                                        absolute_expires_at, user_agent, address)
            VALUES (\(SessionID.new(at: now)), \(person), \(session.hash), \(Digests.sha256(csrf)), \(now), \(now), '1 day',
                    \(now + .seconds(86_400)), \(now + .seconds(86_400)), 'bench', '127.0.0.1')
            """,
        ]
        for org in orgs {
            let tail = String(org.description.suffix(12))
            statements.append(
                """
                INSERT INTO pulse.orgs (id, slug, name, state, created_at)
                VALUES (\(org), \("polls-\(tail)"), 'Polls', 'active', \(now))
                """)
            statements.append(
                """
                INSERT INTO pulse.members (org_id, user_id, role, email, joined_at)
                VALUES (\(org), \(person), 'owner', 'polls@example.org', \(now))
                """)
        }
        try await setting.prepare(statements)
    }

    var person: Credential { .session(cookie: "pulse_session=\(session.text.reveal())", csrf: csrf) }

    /// As a person would, but faster.
    func connect(_ connections: some Collection<EstateConnection>, port: Int) async throws {
        let client = ProbeClient(port: port)
        for connection in connections {
            guard let number = Int(connection.organisation.suffix(4)), organisations.indices.contains(number - 1) else {
                throw ProbeFault("an estate of more organisations than were made")
            }
            let body = """
                {"kind":"pve","name":"\(connection.cluster)","host":"\(connection.host)","port":\(connection.port),\
                "tokenId":"\(connection.access.tokenID)","secret":"\(connection.access.secret)",\
                "trust":{"mode":"pinned","fingerprint":"\(connection.fingerprint)"}}
                """
            let answer = try await client.ask(
                .post, "/api/connections", as: person, org: organisations[number - 1].description, body: body)
            guard answer.status == 201 else {
                throw ProbeFault("not connected: \(answer.status) \(answer.text.prefix(300))")
            }
        }
    }
}
