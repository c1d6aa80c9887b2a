package import Inventory
package import Kernel

/// What a registry has changed since it was asked last.
package struct RegistryChanges: Sendable {
    package var resources: Set<ResourceID> = []
    package var removed: Set<ResourceID> = []
    /// Claims whose stored part changed, and those that are gone.
    package var claims: Set<Claim.Place> = []
    package var goneClaims: Set<Claim.Place> = []
    package var keys: [Evidence: ResourceID] = [:]
    /// From the id that is gone to the one that goes on.
    package var successions: [ResourceID: ResourceID] = [:]
    /// Ids that lead to no other any more.
    package var revived: Set<ResourceID> = []
    /// Founded by what was said of another one until now.
    package var parted: Set<ResourceID> = []

    package init() {}
}
