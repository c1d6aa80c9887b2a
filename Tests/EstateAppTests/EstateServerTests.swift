import Testing

@testable import EstateApp

@Suite struct EstateServerTests {
    private func options() -> EstateOptions {
        var options = EstateOptions()
        options.shape.organisations = 3
        options.shape.guests = 2
        options.shape.nodes = 2
        options.port = 0
        options.moment = { EstateFixture.noon }
        return options
    }

    @Test("an estate on any free port tells where its clusters are, and leaves nothing behind when it stops")
    func startAndStop() async throws {
        var options = options()
        options.listensPerCluster = true
        let estate = try await EstateServer.start(options)
        #expect(estate.connections.map(\.cluster) == ["o1c1", "o2c1", "o3c1"])
        #expect(estate.connections.map(\.host) == ["127.32.0.1", "127.32.0.3", "127.32.0.5"])
        #expect(Set(estate.connections.compactMap(\.clusterPort) + [estate.port, estate.adminPort]).count == 5)
        #expect(estate.now == EstateFixture.noon)
        try await estate.stop()
        options.port = estate.port
        options.listensPerCluster = false
        try await EstateServer.start(options).stop()
    }

    @Test("a port that is taken and a network without room are told in a sentence")
    func refusals() async throws {
        let estate = try await EstateServer.start(options())
        var taken = options()
        taken.port = estate.port
        await #expect(throws: EstateError.self) { try await EstateServer.start(taken) }
        try await estate.stop()
        var narrow = options()
        narrow.addressBase = "127.255.255.254"
        await #expect(throws: EstateError.self) { try await EstateServer.start(narrow) }
    }

    @Test("events and faults are for what is there")
    func unknown() async throws {
        let estate = try await EstateServer.start(options())
        #expect(throws: EstateError.self) { try estate.set(Fault(.garbage), at: "o4c1") }
        #expect(throws: EstateError.self) { try estate.set(Fault(.garbage), at: "o1c1/elsewhere") }
        #expect(throws: EstateError.self) { try estate.force(.stop(vmid: 999), in: "o1c1") }
        try estate.set(Fault(.garbage), at: "o1c1/\(estate.connections[0].nodes[1].name)")
        #expect(
            estate.world.fault(cluster: 0, node: 1)?.mode == .garbage && estate.world.fault(cluster: 0, node: 0) == nil)
        try await estate.stop()
    }
}
