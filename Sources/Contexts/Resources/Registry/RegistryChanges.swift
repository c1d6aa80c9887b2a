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
    /// Keys that lead nowhere any more.
    package var goneKeys: Set<Evidence> = []
    /// From the id that is gone to the one that goes on.
    package var successions: [ResourceID: ResourceID] = [:]
    /// Ids that lead to no other any more.
    package var revived: Set<ResourceID> = []
    /// What stood where people have spoken of something, and is missed there now.
    package var missed: [Claim.Place: Observation] = [:]
    /// Places that have another thing now than people have spoken of, and since when: what they said is over.
    package var outlived: [Claim.Place: Timestamp] = [:]
    /// Founded by what was said of another one until now.
    package var parted: Set<ResourceID> = []

    package init() {}
}
