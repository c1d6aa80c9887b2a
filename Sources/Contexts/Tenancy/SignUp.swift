internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import Kernel
internal import Mail
internal import Postgres

/// From an address and a name to an organisation with its owner, by way of the mailbox.
struct SignUp: Sendable {
    private let context: IdentityContext
    private let store: SignUpStore
    private let opening: SessionOpening

    init(_ context: IdentityContext) {
        self.context = context
        store = SignUpStore(database: context.database)
        opening = SessionOpening(context)
    }

    /// Mails a link. Three an hour to one mailbox, silently; five an hour from one network.
    /// - Throws: `SignUpError.tooMany`, which depends on where the request comes from and not on the address in it.
    func request(_ email: EmailAddress, organisation name: String, from request: APIRequest) async throws {
        let token = BearerToken.new(.signup)
        let letter = Self.letter(to: email, organisation: name, token: token.text, publicURL: context.publicURL)
        let verdict = try await store.request(
            context.links.hash(token), email: email, organisation: name,
            subject: Digests.sha256("signup-name:" + email.key),
            address: context.countsAddresses ? ClientNetwork.subject(of: request) : nil, at: context.time.now)
        switch verdict {
        case .send: context.mail.send(letter)
        case .quiet: return
        case .tooMany: throw SignUpError.tooMany
        }
    }

    /// What a link is good for; it stays good.
    func check(_ text: String) async throws -> SignUpStore.Link {
        let link = try await store.read(try hash(of: text), at: context.time.now)
        guard link.state == .open else { throw SignUpError.link(link.state) }
        return link
    }

    /// Uses the link up: person, organisation, owner, session and audit entry in one transaction. Someone with an account
    /// proves the mailbox and gets another organisation; password and name stay as they are.
    func complete(
        _ text: String, password: Secret<String>?, displayName: String?, from request: APIRequest
    ) async throws -> (signedIn: SignedIn, slug: String) {
        let hash = try hash(of: text)
        let link = try await check(text)
        let (name, passwordHash) = try await credentials(for: link, password, displayName)
        return try await context.database.asNobody { transaction in
            let now = context.time.now
            let org = OrgID.new(at: now)
            let done = try await store.complete(
                hash, user: UserID.new(at: now), displayName: name, passwordHash: passwordHash, org: org,
                slug: Slug(from: link.organisationName), at: now, in: transaction)
            guard done.state != .noPassword else { throw SignUpError.passwordWanted }
            guard done.state == .open, let user = done.user, let slug = done.slug else {
                throw SignUpError.link(done.state)
            }
            let signedIn = try await opening.open(for: user, org: org, from: request, in: transaction)
            let actor = Principal.user(user, session: signedIn.session)
            let record = AuditRecord(.organisationCreate, of: "organisation:\(org)", by: actor, from: request.origin)
            transaction.atCommit(record.append(at: now))
            return (signedIn, slug)
        }
    }

    /// A new person's name and password hash; nothing for someone known.
    private func credentials(
        for link: SignUpStore.Link, _ password: Secret<String>?, _ displayName: String?
    ) async throws -> (name: String, hash: String?) {
        guard !link.isKnown else { return ("", nil) }
        guard let password else { throw SignUpError.passwordWanted }
        let name = try displayName.map { name throws(Problem) in try DisplayName.check(name) }
        let mailboxName = link.email.split(separator: "@").first.map(String.init) ?? ""
        return (name ?? mailboxName, try await context.passwords.accept(password, of: link.email))
    }

    private func hash(of text: String) throws(SignUpError) -> [UInt8] {
        guard let token = BearerToken(text.trimmed, kind: .signup) else { throw .link(.unknown) }
        return context.links.hash(token)
    }

    private static func letter(
        to email: EmailAddress, organisation name: String, token: Secret<String>, publicURL: String
    ) -> OutgoingMail {
        LinkLetter(
            to: email, subject: "Set up \(name) on Pulse", greeting: "Hello,",
            before: "open this link to set up the organisation \(name) on Pulse:",
            link: "\(publicURL)/set-password?token=\(token.reveal())", button: "Set up \(name)",
            after: "It works once and for 15 minutes. If you did not ask for it, ignore this mail: nothing happens."
        ).mail
    }
}

/// Why a sign-up does not go on.
enum SignUpError: Explained {
    case link(LinkState)
    case passwordWanted
    case tooMany

    var problem: Problem {
        switch self {
        case .link(.used):
            Problem(
                "signup-link-used", status: 400, title: "This link was used already",
                detail: "A link works once, and a newer one ends it. Sign in, or sign up again.")
        case .link(.expired):
            Problem(
                "signup-link-expired", status: 400, title: "This link has expired",
                detail: "A link works for 15 minutes. Sign up again.")
        case .link:
            Problem(
                "signup-link-invalid", status: 400, title: "This link does not work",
                detail: "It is not complete, or not from here. Sign up again.")
        case .passwordWanted:
            .invalidField("password", "a new account needs one of 12 to 1024 bytes")
        case .tooMany:
            Problem(
                "rate-limited", status: 429, title: "Too many sign-ups from this network",
                detail: "At most 5 in an hour; the operator of this Pulse can switch the limit off.",
                code: "rate_limit", retryAfterSeconds: 3600)
        }
    }
}
