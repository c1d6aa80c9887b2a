import Access
import AgentProtocol
import Audit
import Cryptography
package import HTTPKit
import JSONKit
package import Kernel

/// HTTP in and out of the fleet.
package struct FleetRoutes: Sendable {
    /// Unless something else is said, a token is used within a day of being shown, or made anew.
    static let tokenLifetime: Duration = .seconds(24 * 3600)

    let store: FleetStore
    let installer: Installer
    let time: any TimeSource
    private let reportIntervalSeconds: Int

    package init(_ store: FleetStore, installer: Installer, time: any TimeSource, reportIntervalSeconds: Int) {
        self.store = store
        self.installer = installer
        self.time = time
        self.reportIntervalSeconds = reportIntervalSeconds
    }

    package var endpoints: [Endpoint] {
        [createTicket, tickets, revokeTicket, agents, placeAgent, revokeAgent, enroll, script, download]
    }

    // MARK: People

    private var createTicket: Endpoint {
        Endpoint(
            .post, "/api/agents/enrollment-tokens", summary: "Make a token to enrol machines with",
            access: .permission(.manageAgents), scope: .settingsWrite,
            audit: .entry(action: AuditAction.enrollmentTokenCreate.rawValue), idempotency: .key,
            request: NewTicketRequest.schema, response: FleetSchemas.newTicket, status: 201,
            requestExample: #"{"name":"web servers","uses":20,"tags":["berlin"]}"#,
            responseExample: FleetSchemas.newTicketExample
        ) { request in
            let (org, caller) = (try request.org(), try request.caller())
            guard let maker = caller.maker else { throw Problem.forbidden }
            let now = time.now
            let body = try NewTicketRequest(request)
            let ticket = EnrollmentTicket(
                id: .new(at: now), name: body.name, createdAt: now, expiresAt: now + body.lifetime, uses: body.uses,
                placement: body.placement)
            let token = BearerToken.new(.enrollment)
            let sha256 = try? installer.script().sha256
            let entry = AuditRecord(
                .enrollmentTokenCreate, of: "enrollment_token:\(ticket.id)", by: caller.principal, from: request.origin)
            try await store.create(ticket, hash: token.hash, by: maker, in: org, entry: entry.append(at: now))
            return .json(status: 201) { json in
                json.member("id", ticket.id)
                json.member("token", token.text.reveal())
                json.member("expiresAt", ticket.expiresAt)
                json.member("command", installer.command(script: ticket.id, sha256: sha256, token: token.text))
                json.member("scriptUrl", sha256.map { _ in installer.url(of: ticket.id) })
                json.member("scriptSha256", sha256)
            }
        }
    }

    private var tickets: Endpoint {
        Endpoint(
            .get, "/api/agents/enrollment-tokens", summary: "List the newest one-time tokens",
            access: .permission(.manageAgents), audit: .none(reason: "reads only"),
            response: .object(["data": .array(FleetSchemas.ticket)]), responseExample: FleetSchemas.ticketsExample
        ) { request in
            let tickets = try await store.tickets(in: try request.org())
            return .json { $0.member("data", tickets) }
        }
    }

    private var revokeTicket: Endpoint {
        Endpoint(
            .delete, "/api/agents/enrollment-tokens/{id}", summary: "Make a one-time token useless",
            access: .permission(.manageAgents), scope: .settingsWrite,
            audit: .entry(action: AuditAction.enrollmentTokenRevoke.rawValue), idempotency: .natural,
            problems: [.enrollmentTokenNotFound], response: .nothing, status: 204, responseExample: ""
        ) { request in
            let (org, caller, now) = (try request.org(), try request.caller(), time.now)
            guard let id = EnrollmentTokenID(request.parameters["id"] ?? "") else {
                throw Problem.enrollmentTokenNotFound
            }
            let entry = AuditRecord(
                .enrollmentTokenRevoke, of: "enrollment_token:\(id)", by: caller.principal, from: request.origin)
            _ = try await store.revoke(id, in: org, at: now, entry: entry.append(at: now))
            return .noContent
        }
    }

    private var agents: Endpoint {
        Endpoint(
            .get, "/api/agents", summary: "List the enrolled agents", access: .permission(.readMonitoring),
            scope: .monitoringRead, narrows: true, audit: .none(reason: "reads only"),
            response: .object(["data": .array(FleetSchemas.agent)]), responseExample: FleetSchemas.agentsExample
        ) { request in
            let agents = try await store.agents(in: try request.org(), seenBy: try request.caller().visibility)
            return .json { $0.member("data", agents) }
        }
    }

    private var placeAgent: Endpoint {
        Endpoint(
            .patch, "/api/agents/{id}", summary: "Say where an agent's machine stands: its site and tags",
            access: .permission(.manageAgents), scope: .settingsWrite,
            audit: .entry(action: AuditAction.agentUpdate.rawValue), idempotency: .natural,
            problems: [.agentNotFound], request: PlacementChange.schema, response: FleetSchemas.placement,
            requestExample: #"{"tags":["berlin","web"]}"#,
            responseExample: #"{"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","tags":["berlin","web"]}"#
        ) { request in
            guard let id = AgentID(request.parameters["id"] ?? "") else { throw Problem.agentNotFound }
            let change: PlacementChange = try request.json()
            let entry = try request.audit(.agentUpdate, of: "agent:\(id)", at: time.now)
            let placement = try await store.place(id, change, in: try request.org(), entry: entry)
            return .json { json in
                json.member("id", id)
                json.member("siteId", placement.site)
                json.member("tags", placement.tags)
            }
        }
    }

    private var revokeAgent: Endpoint {
        Endpoint(
            .delete, "/api/agents/{id}", summary: "Remove an agent: its token is refused from now on",
            access: .permission(.manageAgents), scope: .settingsWrite,
            audit: .entry(action: AuditAction.agentRevoke.rawValue), idempotency: .natural,
            problems: [.agentNotFound, .agentInUse(connections: 1)], response: .nothing, status: 204,
            responseExample: ""
        ) { request in
            let (org, caller, now) = (try request.org(), try request.caller(), time.now)
            guard let id = AgentID(request.parameters["id"] ?? "") else { throw Problem.agentNotFound }
            let entry = AuditRecord(.agentRevoke, of: "agent:\(id)", by: caller.principal, from: request.origin)
            try await store.revoke(id, in: org, at: now, entry: entry.append(at: now))
            return .noContent
        }
    }

    // MARK: Machines

    private var enroll: Endpoint {
        Endpoint(
            .post, "/api/agents/agent/enroll", summary: "Trade a one-time token for an agent's token",
            access: .public(reason: "the one-time token it brings is the credential"),
            audit: .entry(action: AuditAction.agentEnroll.rawValue), rate: .auth,
            problems: [
                .enrollmentTokenUnknown, .enrollmentTokenUsed, .enrollmentTokenExpired, .enrollmentSuspended,
                .missingMachineID, Problem("missing-hostname", status: 400, title: "A host name is required"),
            ],
            request: FleetSchemas.enrollRequest, response: FleetSchemas.enrollResponse,
            requestExample: FleetSchemas.enrollRequestExample, responseExample: FleetSchemas.enrollResponseExample
        ) { request in
            guard let token = request.explicitToken.flatMap({ BearerToken($0, kind: .enrollment) }) else {
                throw Problem.enrollmentTokenUnknown
            }
            var reader = JSONReader(request.body, options: ReportLimits.readerOptions)
            let body: EnrollRequest = try reader.decode()
            try reader.finish()
            try body.validate()
            guard let machine = body.machineID?.trimmed.lowercased(), !machine.isEmpty, machine.utf8.count <= 128 else {
                throw Problem.missingMachineID
            }
            let (runtime, runtimeID, now, origin) = (
                BearerToken.new(.runtime), TokenID.new(at: time.now), time.now, request.origin
            )
            let outcome = try await store.enroll(
                body, machine: machine, presented: token, runtime: runtime, runtimeID: runtimeID, at: now
            ) { agent in
                AuditRecord(.agentEnroll, of: "agent:\(agent)", by: .agent(agent), from: origin).append(at: now)
            }
            switch outcome {
            case .refused(let problem): throw problem
            case .enrolled(let agent, let org):
                return .json { json in
                    json.member("agentId", agent)
                    json.member("runtimeToken", runtime.text.reveal())
                    json.member("runtimeTokenId", runtimeID)
                    json.member("reportInterval", "\(reportIntervalSeconds)s")
                    json.member("orgId", org)
                }
            }
        }
    }

    private var script: Endpoint {
        Endpoint(
            .get, "/install/{file}", summary: "The install script of one token", kind: .download,
            access: .public(reason: "named by a token's id; holds no secret"), audit: .none(reason: "reads only"),
            rate: .download, problems: [.installerMissing], response: .media("text/x-shellscript"),
            responseExample: "#!/bin/sh\n"
        ) { request in
            guard let file = request.parameters["file"], file.hasSuffix(".sh"),
                let id = EnrollmentTokenID(String(file.dropLast(3))),
                try await store.noteInstaller(id, at: time.now)
            else { throw Problem.notFound }
            let (bytes, sha256) = try installer.script()
            return APIResponse(
                headers: [
                    "content-type": "text/x-shellscript; charset=utf-8", "x-checksum-sha256": sha256,
                    "cache-control": "no-store",
                ], body: .bytes(bytes))
        }
    }

    private var download: Endpoint {
        Endpoint(
            .get, "/download/pulse-agent", summary: "The agent's program", kind: .download,
            access: .public(reason: "the same program for everyone"), audit: .none(reason: "reads only"),
            rate: .download, problems: [.installerMissing],
            query: [QueryParameter("arch", .string, summary: "amd64 (default) or arm64")],
            response: .media("application/octet-stream"), responseExample: "", timeout: .seconds(600)
        ) { request in
            let program = try installer.program(request.query["arch"] ?? "amd64")
            return try await APIResponse.download(
                path: program.path, fileName: program.name, type: "application/octet-stream"
            ).with(header: "x-checksum-sha256", program.sha256)
        }
    }
}
