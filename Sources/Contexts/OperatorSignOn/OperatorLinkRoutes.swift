internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit

/// Which subjects at providers an operator is: their own, linked by signing in there, and by an admin who names a subject.
struct OperatorLinkRoutes: Sendable {
    private let context: OperatorSignOn
    private let doors: OperatorDoors
    private let links = OperatorLinkStore()

    init(_ context: OperatorSignOn) {
        self.context = context
        doors = OperatorDoors(context)
    }

    var endpoints: [Endpoint] { [own, link, unlink, theirs, name, forget] }

    private static let listed = Schema.object(["data": .array(OperatorLink.schema, maxItems: OperatorLinkStore.most)])
    private static let reads = AuditRule.none(reason: "reads nothing of any organisation")
    private static let deleted = AuditRule.entry(action: OperatorAction.linkDelete.rawValue)

    private var own: Endpoint {
        Endpoint(
            .get, "/api/operator/links", summary: "The subjects at providers that one signs in with as an operator",
            access: .operator(.operator), audit: Self.reads, response: Self.listed,
            responseExample: #"{"data":[\#(OperatorLink.example)]}"#
        ) { [self] request in try await answer(try request.staff().id) }
    }

    private var link: Endpoint {
        Endpoint(
            .post, "/api/operator/links/{provider}", summary: "Begin to link one's subject at a provider",
            access: .operator(.operator), audit: .none(reason: "the answer of the provider leaves the entry"),
            rate: .auth, problems: [.freshOperatorRequired, .operatorProviderNotFound, .providerAway("…")],
            request: .object(["returnTo": .string.optional]),
            response: Departure.schema,
            requestExample: #"{"returnTo":"/operators"}"#,
            responseExample: #"{"url":"https://login.host.example/authorize?…"}"#
        ) { [context, doors] request in
            let now = context.time.now
            let returnTo = LocalPath.checked(try request.json(JSONValue.self)["returnTo"]?.string)
            let proof = try await context.staff.asNobody { try await $0.requireFreshOperator(request, at: now) }
            guard let place = try await doors.place(of: request), place.provider.isEnabled else {
                throw Problem.operatorProviderNotFound
            }
            switch try await doors.begun(
                .link, at: place, by: proof, returnTo: returnTo, isFresh: false, from: request)
            {
            case .success(let left): return left.departure.told.with(cookies: left.cookies)
            case .failure(let refusal): throw Problem.providerAway(refusal.sentence)
            }
        }
    }

    private var unlink: Endpoint {
        Endpoint(
            .delete, "/api/operator/links/{id}", summary: "Forget one's subject at a provider; what came by it ends",
            access: .operator(.operator), audit: Self.deleted, idempotency: .natural,
            problems: [.freshOperatorRequired, .operatorLinkNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [self] request in
            try await delete(request.parameters["id"], of: try request.staff().id, request)
        }
    }

    // MARK: By an admin

    private var theirs: Endpoint {
        Endpoint(
            .get, "/api/operator/operators/{id}/links",
            summary: "The subjects at providers that an operator signs in with",
            access: .operator(.operatorAdmin), audit: Self.reads, response: Self.listed,
            responseExample: #"{"data":[\#(OperatorLink.example)]}"#
        ) { [self] request in
            guard let person = request.parameters["id"].flatMap({ OperatorID($0) }) else {
                throw Problem.operatorNotFound
            }
            return try await answer(person)
        }
    }

    private var name: Endpoint {
        Endpoint(
            .post, "/api/operator/operators/{id}/links", summary: "Say which subject of a provider an operator is",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.linkCreate.rawValue),
            problems: [
                .freshOperatorRequired, .operatorNotFound, .operatorProviderNotFound, .operatorLinkTaken,
            ],
            request: .object([
                "providerId": .string,
                "subject": .string(minLength: 1, maxLength: 512)
                    .described("To the letter, as the log tells it of a sign-in that was refused with not_linked"),
            ]), response: OperatorLink.schema, status: 201,
            requestExample: #"{"providerId":"company","subject":"00u1a2b3"}"#, responseExample: OperatorLink.example
        ) { [self] request in
            guard let person = request.parameters["id"].flatMap({ OperatorID($0) }) else {
                throw Problem.operatorNotFound
            }
            let (now, body) = (context.time.now, try request.json(JSONValue.self))
            guard let subject = body["subject"]?.string, (1...512).contains(subject.utf8.count), subject.isPlainLine
            else { throw Problem.invalidField("subject", "one line of 1 to 512 bytes is wanted") }
            let entry = try request.entry(
                .linkCreate, of: "operator:\(person)", note: "provider \(body["providerId"]?.string ?? ""), admin")
            let made = try await context.staff.asNobody { transaction in
                try await transaction.requireFreshOperator(request, at: now)
                guard
                    let provider = try await doors.store.held(body["providerId"]?.string ?? "", transaction)
                else { throw Problem.operatorProviderNotFound }
                let isThere = try await transaction.first(
                    "SELECT true FROM vouched_account(\(person), NULL, NULL, \(now))"
                ) { try $0.next(Bool.self) }
                guard isThere == true else { throw Problem.operatorNotFound }
                let link = OperatorLink(
                    id: OperatorLinkID.new(at: now), person: person, provider: provider.id, subject: subject,
                    linkedAt: now, origin: .admin)
                let hash = ProvenPerson(subject: subject).subjectHash(at: provider.id, speaking: provider.speech.type)
                guard try await links.insert(link, hash: hash, transaction) else { throw Problem.operatorLinkTaken }
                transaction.atCommit(entry, at: now)
                return link
            }
            return .json(made, status: 201)
        }
    }

    private var forget: Endpoint {
        Endpoint(
            .delete, "/api/operator/operators/{id}/links/{link}",
            summary: "Forget an operator's subject at a provider; what came by it ends",
            access: .operator(.operatorAdmin), audit: Self.deleted, idempotency: .natural,
            problems: [.freshOperatorRequired, .operatorLinkNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [self] request in
            guard let person = request.parameters["id"].flatMap({ OperatorID($0) }) else {
                throw Problem.operatorLinkNotFound
            }
            return try await delete(request.parameters["link"], of: person, request)
        }
    }

    // MARK: Pieces

    private func answer(_ person: OperatorID) async throws -> APIResponse {
        let all = try await links.all(of: person, context.staff)
        return .json { $0.member("data", all) }
    }

    private func delete(
        _ id: String?, of person: OperatorID, _ request: APIRequest
    ) async throws -> APIResponse {
        guard let id = id.flatMap({ OperatorLinkID($0) }) else { throw Problem.operatorLinkNotFound }
        let now = context.time.now
        let entry = try request.entry(.linkDelete, of: "operator:\(person)", note: "link \(id)")
        try await context.staff.asNobody { transaction in
            try await transaction.requireFreshOperator(request, at: now)
            guard try await links.delete(id, of: person, transaction) else { throw Problem.operatorLinkNotFound }
            transaction.atCommit(entry, at: now)
        }
        return .noContent
    }
}
