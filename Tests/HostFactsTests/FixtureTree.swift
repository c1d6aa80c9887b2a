import FoundationEssentials

@testable import HostFacts

/// A directory that plays the root of a machine; gone when the value is.
final class FixtureTree {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        path = FileManager.default.temporaryDirectory.path + "/hostfacts-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var root: SystemRoot { SystemRoot(path + "/") }

    func write(_ name: String, _ text: String) throws {
        let file = path + name
        let directory = file[..<(file.lastIndex(of: "/") ?? file.endIndex)]
        try FileManager.default.createDirectory(atPath: String(directory), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
    }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + name) }
}
