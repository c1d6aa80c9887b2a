package import Inventory
package import Kernel

/// Everything that is stored of an organisation's resources, as a monitor begins with it.
package struct StoredInventory: Sendable {
    package let resources: [StoredResource]
    package let claims: [Claim]
    package let keys: [Evidence: ResourceID]

    package init(
        resources: [StoredResource] = [], claims: [Claim] = [], keys: [Evidence: ResourceID] = [:]
    ) {
        self.resources = resources
        self.claims = claims
        self.keys = keys
    }

    /// The stored claims, and one for each resource that was stored before there were claims.
    package var allClaims: [Claim] {
        let told = Set(claims.map(\.resource))
        let held = Dictionary(grouping: keys, by: \.value)
        return claims
            + resources.filter { !told.contains($0.id) }.map { resource in
                let seen = resource.lastSeen ?? Timestamp(milliseconds: 0)
                let said = Observation(
                    connection: resource.connection, source: InventorySource(rawValue: resource.source) ?? .agent,
                    type: ResourceType(rawValue: resource.type) ?? .agent, key: "host",
                    evidence: (held[resource.id] ?? []).map(\.key).sorted(), name: resource.name, measuredAt: seen,
                    receivedAt: seen)
                return Claim(said: said, resource: resource.id, isHeard: false)
            }
    }
}
