internal import Inventory
internal import JSONKit
internal import Kernel
internal import Resources

/// What an annotation is about, by what stays of it.
struct Subject: Sendable, Hashable {
    /// The resource; of a container its host.
    let target: ResourceID
    /// Of a container, what it is called within its host; else empty.
    let anchor: String
    /// Another container claims to be the same, so neither is.
    let isAmbiguous: Bool

    init(_ resource: StoredResource) {
        if resource.type == ResourceType.appContainer.rawValue, let host = resource.parent,
            let docker = Self.facts(of: resource)?["docker"], let anchor = docker["anchor"]?.string
        {
            self.init(target: host, anchor: anchor, isAmbiguous: docker["isAmbiguous"]?.bool == true)
        } else {
            self.init(target: resource.id, anchor: "", isAmbiguous: false)
        }
    }

    init(target: ResourceID, anchor: String, isAmbiguous: Bool) {
        self.target = target
        self.anchor = anchor
        self.isAmbiguous = isAmbiguous
    }

    private static func facts(of resource: StoredResource) -> JSONValue? {
        var reader = JSONReader(resource.facts)
        return try? reader.decode(JSONValue.self)
    }
}
