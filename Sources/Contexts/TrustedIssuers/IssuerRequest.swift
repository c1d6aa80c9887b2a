internal import HTTPKit
internal import JOSE
internal import JSONKit
internal import Kernel
internal import Outbound

/// What people send about trusted issuers, checked.
struct IssuerRequest {
    let body: JSONValue
    let policy: OutboundPolicy

    /// - Parameter isNew: some things have to be said; of one that is there, what is not named stays.
    static func schema(isNew: Bool) -> Schema {
        func needed(_ schema: Schema) -> Schema { isNew ? schema : schema.optional }
        return .object([
            "name": needed(.string(minLength: 1, maxLength: 64)),
            "issuer": needed(.string(minLength: 1, maxLength: 512)),
            "audience": needed(.string(minLength: 1, maxLength: 512)),
            "jwksUrl": .string(maxLength: 2048).described("Where its public keys are").optional,
            "jwks": .string(maxLength: 65_536).described("Its public keys, a JWK set; instead of jwksUrl").optional,
            "algorithms": .array(.enumeration(SigningAlgorithm.allCases.map(\.rawValue))).optional,
            "roleClaim": .string(minLength: 1, maxLength: 128).optional,
            "roleMappings": needed(.array(TrustedIssuer.mappingSchema, maxItems: 50)),
            "maxTokenAgeSeconds": .integer(minimum: 60, maximum: 86_400).optional, "enabled": .boolean.optional,
        ])
    }

    static let example = """
        {"name":"Sign-in","issuer":"https://login.example.com","audience":"pulse",\
        "jwksUrl":"https://login.example.com/jwks.json","roleMappings":[{"value":"pulse-viewers","role":"viewer"}]}
        """

    func new(at now: Timestamp) throws(Problem) -> TrustedIssuer {
        for field in ["name", "issuer", "audience", "roleMappings"] where body[field] == nil {
            throw .invalidField(field, "it is wanted")
        }
        guard body["jwksUrl"] != nil || body["jwks"] != nil else {
            throw .invalidField("jwksUrl", "an address of keys is wanted, or the keys themselves in jwks")
        }
        var made = TrustedIssuer(
            id: .new(at: now), name: "", issuer: "", audience: "", keys: .pasted(""), algorithms: [.rs256, .es256],
            roleClaim: "roles", mappings: [], maxTokenAge: 3600, isEnabled: true, createdAt: now, updatedAt: now)
        try apply(to: &made, at: now)
        return made
    }

    /// What is not named stays.
    func apply(to issuer: inout TrustedIssuer, at now: Timestamp) throws(Problem) {
        if let name = try text("name", most: 64) { issuer.name = name }
        if let name = try text("issuer", most: 512) { issuer.issuer = name }
        if let audience = try text("audience", most: 512) { issuer.audience = audience }
        if let claim = try text("roleClaim", most: 128) { issuer.roleClaim = claim }
        if let keys = try keys() { issuer.keys = keys }
        if let algorithms = try algorithms() { issuer.algorithms = algorithms }
        if let mappings = try mappings() { issuer.mappings = mappings }
        if let age = body["maxTokenAgeSeconds"] {
            guard let seconds = age.int, (60...86_400).contains(seconds) else {
                throw .invalidField("maxTokenAgeSeconds", "60 to 86400 seconds are wanted")
            }
            issuer.maxTokenAge = seconds
        }
        if let enabled = body["enabled"] {
            guard let value = enabled.bool else { throw .invalidField("enabled", "true or false is wanted") }
            issuer.isEnabled = value
        }
        issuer.updatedAt = now
    }

    private func text(_ field: String, most: Int) throws(Problem) -> String? {
        guard let value = body[field] else { return nil }
        guard let text = value.string?.trimmed, (1...most).contains(text.utf8.count), text.isPlainLine else {
            throw .invalidField(field, "one line of 1 to \(most) bytes is wanted")
        }
        return text
    }

    private func keys() throws(Problem) -> KeySource? {
        switch (body["jwksUrl"], body["jwks"]) {
        case (nil, nil): return nil
        case (.some, .some): throw .invalidField("jwks", "either jwksUrl or jwks is wanted")
        case (let url?, nil):
            guard let target = url.string.flatMap({ OutboundTarget($0.trimmed) }),
                target.isSecure || policy.hasExceptions
            else { throw .invalidField("jwksUrl", "an https address is wanted") }
            guard InternetAddress(target.host) == nil || policy.permits(target.host) else {
                throw .invalidField("jwksUrl", "it leads to a network that cannot be reached from here")
            }
            return .url(target.url)
        case (nil, let pasted?):
            guard let text = pasted.string, text.utf8.count <= 65_536 else {
                throw .invalidField("jwks", "a JWK set of at most 65536 bytes is wanted, as text")
            }
            let set = PublicKeySet(text)
            guard !set.holdsSecrets else {
                throw .invalidField("jwks", "it holds a private key; only public ones are wanted")
            }
            guard !set.ids.isEmpty else {
                throw .invalidField("jwks", "no usable key: each wants a kid, and RSA of 2048 bits, EC or Ed25519")
            }
            return .pasted(text)
        }
    }

    private func algorithms() throws(Problem) -> [SigningAlgorithm]? {
        guard let value = body["algorithms"] else { return nil }
        let names = value.array?.compactMap(\.string) ?? []
        let known = names.compactMap(SigningAlgorithm.init(rawValue:))
        guard !known.isEmpty, known.count == value.array?.count, Set(known).count == known.count else {
            let all = SigningAlgorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidField("algorithms", "some of \(all) are wanted, each once")
        }
        return known
    }

    private func mappings() throws(Problem) -> [RoleMapping]? {
        guard let value = body["roleMappings"] else { return nil }
        guard let listed = value.array, (1...50).contains(listed.count) else {
            throw .invalidField("roleMappings", "1 to 50 of {value, role} are wanted")
        }
        var mappings: [RoleMapping] = []
        for one in listed {
            guard let value = one["value"]?.string, (1...256).contains(value.utf8.count), value.isPlainLine else {
                throw .invalidField("roleMappings", "each wants a value of 1 to 256 bytes")
            }
            guard let role = one["role"]?.string.flatMap(Role.init(rawValue:)), RoleMapping.roles.contains(role) else {
                throw .invalidField("roleMappings", "each wants a role: viewer, auditor, editor or admin")
            }
            mappings.append(RoleMapping(value: value, role: role))
        }
        return mappings
    }
}
