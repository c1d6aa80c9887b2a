import JSONKit
import Testing

@testable import EstateApp

@Suite struct ObservationTests {
    /// Sixty organisations with 3,000 machines.
    private func lines(seed: UInt64 = 1) throws -> [JSONValue] {
        var export = ObservationExport()
        export.organisations = 60
        export.systems = 3_000
        export.observations = 12_000
        export.seed = seed
        var lines: [JSONValue] = []
        var failure: (any Error)?
        export.write { line in
            do { lines.append(try JSONValue(json: line)) } catch { failure = error }
        }
        if let failure { throw failure }
        return lines
    }

    @Test("there are as many lines, machines and organisations as were asked for, and every machine is seen")
    func counts() throws {
        let lines = try lines()
        #expect(lines.count == 12_000)
        #expect(Set(lines.compactMap { $0["truth"]?["system"]?.string }).count == 3_000)
        #expect(Set(lines.compactMap { $0["organisation"]?.string }).count == 60)
        #expect(Set(lines.compactMap { $0["source"]?.string }) == ["pve", "agent", "docker"])
    }

    @Test("the same seed gives the same lines, another one others")
    func determinism() throws {
        let first = try lines()
        #expect(try lines() == first)
        #expect(try lines(seed: 2) != first)
    }

    @Test("no source claims what it cannot know, and the label is in no claim")
    func honesty() throws {
        let known: [String: Set<String>] = [
            "pve": [
                "type", "sourceId", "instance", "cluster", "node", "vmid", "name", "dmiUuid", "hostname", "macs",
                "addresses", "diskSerials",
            ],
            "agent": [
                "type", "sourceId", "hostname", "machineId", "dmiUuid", "diskSerials", "addresses", "macs", "insideLxc",
                "cluster", "node",
            ],
            "docker": ["type", "sourceId", "hostname", "machineId", "addresses", "macs"],
        ]
        for line in try lines() {
            let claims = try #require(line["claims"]?.object)
            #expect(Set(claims.keys).isSubset(of: known[line["source"]?.string ?? ""] ?? []))
            let label = try #require(line["truth"]?["system"]?.string)
            #expect(!String(decoding: JSONValue.object(claims).json, as: UTF8.self).contains(label))
        }
    }

    @Test("machine ids, numbers and addresses are shared by machines that are not the same, and machines change them")
    func traps() throws {
        let lines = try lines()
        func shared(_ key: (JSONValue) -> String?) -> Int {
            var owners: [String: Set<String>] = [:]
            for line in lines {
                guard let value = key(line), let system = line["truth"]?["system"]?.string else { continue }
                owners[value, default: []].insert(system)
            }
            return owners.values.count { $0.count > 1 }
        }
        func claim(_ line: JSONValue, _ name: String) -> String? { line["claims"]?[name]?.string }
        #expect(shared { claim($0, "machineId") } > 20)
        #expect(shared { claim($0, "dmiUuid")?.lowercased() } > 5)
        #expect(shared { claim($0, "hostname") } > 100)
        #expect(shared { $0["source"]?.string == "agent" ? claim($0, "sourceId") : nil } > 2)
        #expect(
            shared { line in
                claim(line, "instance").flatMap { name in line["claims"]?["vmid"]?.int.map { "\(name)/\($0)" } }
            } > 3)
        var ids: [String: Set<String>] = [:]
        for line in lines {
            if let id = claim(line, "machineId"), let system = line["truth"]?["system"]?.string {
                ids[system, default: []].insert(id)
            }
        }
        #expect(ids.values.count { $0.count > 1 } > 5)
    }

    @Test("a machine that is gone says nothing more, and its number's next owner has said nothing before")
    func reuse() {
        let estates = (0..<30).map { ObservedEstate(organisation: $0, count: 80, seed: Seed(1)) }
        let gone = estates.flatMap(\.systems).filter { $0.gone < ObservedEstate.end }
        #expect(!gone.isEmpty)
        for estate in estates {
            for system in estate.systems where system.gone < ObservedEstate.end {
                let heirs = estate.systems.filter {
                    $0.born == system.gone + 86_400 && $0.places.first?.vmid == system.places.first?.vmid
                }
                #expect(heirs.count == 1)
            }
        }
    }
}
