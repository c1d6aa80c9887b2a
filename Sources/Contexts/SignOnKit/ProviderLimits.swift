internal import Kernel

/// Whom a provider may let in; each counts only where something is listed. All in lower case.
package struct ProviderLimits: Sendable {
    package var emails: [String]
    package var domains: [String]
    package var groups: [String]

    package init(emails: [String] = [], domains: [String] = [], groups: [String] = []) {
        (self.emails, self.domains, self.groups) = (emails, domains, groups)
    }

    package var isEmpty: Bool { emails.isEmpty && domains.isEmpty && groups.isEmpty }

    /// - Throws: what of it keeps this person out.
    package func check(_ person: ProvenPerson) throws(SSORefusal) {
        let address = person.address
        if !emails.isEmpty {
            guard let address, emails.contains(address.key) else { throw .emailRestricted }
        }
        if !domains.isEmpty {
            guard let address, domains.contains(address.domain) else { throw .domainRestricted }
        }
        guard groups.isEmpty || isInGroup(person) else { throw .groupRestricted }
    }

    /// In one that is listed; nobody is in none.
    package func isInGroup(_ person: ProvenPerson) -> Bool {
        let theirs = Set(person.groups.map { $0.trimmed.lowercased() })
        return groups.contains(where: theirs.contains)
    }
}
