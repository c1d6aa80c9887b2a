import ArgumentParser
import Foundation
import Kernel
import NIOConcurrencyHelpers
import Postgres
import Vault

struct VaultBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vault", abstract: "Secrets at rest: rotation, swapping, and canaries for `ops/prove vault`.",
        subcommands: [VaultRotation.self, VaultPlant.self, VaultShred.self], defaultSubcommand: VaultRotation.self)
}

/// 10,000 secrets of 500 organisations get new keys while readers, with key memories of their own, go on reading; then
/// ciphertexts are swapped.
struct VaultRotation: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Rotation of every key while everything is read, and swapped ciphertexts.")

    @Option(help: "Organisations.") var orgs = 500
    @Option(help: "Secrets in each.") var each = 20
    @Option(help: "Pairs of ciphertexts swapped at random.") var swaps = 20_000
    @Option(help: "Tasks that read without pause, half of them in each of two processes' memories.") var readers = 4

    func run() async throws {
        let store = FileManager.default.temporaryDirectory.appending(path: "pulse-bench-keys-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: store) }
        let estate = try SecretEstate(store: store)
        defer { estate.close() }
        try await estate.makeTable()
        var figures = Figures()
        let began = ContinuousClock.now
        let rows = try await estate.fill(orgs: orgs, each: each)
        figures.line("secrets", Double(rows.count), "secrets")
        figures.line("fill_seconds", (ContinuousClock.now - began).inSeconds, "s")
        let before = try await keyCount(estate, rows)
        try await rotate(.data, estate, rows, "rotation", &figures)
        let after = try await keyCount(estate, rows)
        figures.require(before.ids.isDisjoint(with: after.ids), "every organisation has another data key")
        figures.line("old_keys_left", Double(after.retiring), "keys", atMost: 0)
        try await rotate(.wrapping, estate, rows, "wrapping_rotation", &figures)
        try await swap(estate, rows, &figures)
        try figures.conclude()
    }

    // MARK: Rotation

    private func rotate(
        _ kind: KeyRotation.Kind, _ estate: SecretEstate, _ rows: [SecretEstate.Row], _ name: String,
        _ figures: inout Figures
    ) async throws {
        let reading = Reading(estate, rows)
        let seconds = try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<readers { group.addTask { await reading.run(in: index % 2) } }
            let began = ContinuousClock.now
            for org in Set(rows.map(\.org)) {
                _ = try await KeyRotations(estate.app).begin(kind, for: .org(org), at: estate.time.now)
            }
            try await finish(estate)
            let seconds = (ContinuousClock.now - began).inSeconds
            reading.stop()
            try await group.waitForAll()
            return seconds
        }
        let count = reading.outcome
        figures.line("\(name)_seconds", seconds, "s", atMost: 60)
        figures.line("\(name)_reads", Double(count.reads), "reads", atLeast: Double(rows.count) / 10)
        figures.line("\(name)_failed_reads", Double(count.failed), "reads", atMost: 0)
    }

    /// Two rotators side by side, as two processes have them, until nothing is left to do.
    private func finish(_ estate: SecretEstate) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                let rotator = KeyRotator(
                    estate.ring(), worker: estate.worker, columns: [SecretEstate.column], logger: estate.lent.logger)
                group.addTask {
                    while true {
                        let due = try await rotator.round()
                        let open = try await estate.worker.firstGlobally(
                            "SELECT EXISTS (SELECT FROM key_rotations WHERE state <> 'done')"
                        ) { try $0.next(Bool.self) }
                        if open == false { return }
                        if due == 0 { try await estate.time.sleep(for: .milliseconds(50)) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func keyCount(
        _ estate: SecretEstate, _ rows: [SecretEstate.Row]
    ) async throws -> (ids: Set<DataKeyID>, retiring: Int) {
        var (ids, retiring): (Set<DataKeyID>, Int) = ([], 0)
        for org in Set(rows.map(\.org)) {
            let keys = try await estate.app.rows(in: org, "SELECT id, state FROM data_keys") {
                (try $0.next(DataKeyID.self), try $0.next(String.self))
            }
            for (id, state) in keys {
                ids.insert(id)
                if state == "retiring" { retiring += 1 }
            }
        }
        return (ids, retiring)
    }

    // MARK: Swapping

    /// Every ciphertext tried in the place of another: in the same organisation, in another, in another column, table.
    private func swap(
        _ estate: SecretEstate, _ rows: [SecretEstate.Row], _ figures: inout Figures
    ) async throws {
        let vault = SecretVault(estate.ring())
        var all: [(row: SecretEstate.Row, sealed: Sealed)] = []
        for org in Set(rows.map(\.org)) { all += try await estate.ciphertexts(of: org) }
        var (opened, tried) = (0, 0)
        func attempt(_ sealed: Sealed, _ org: OrgID, _ place: SealedPlace) async {
            tried += 1
            if (try? await vault.open(sealed, for: .org(org), at: place)) != nil { opened += 1 }
        }
        for index in 0..<swaps {
            let left = all[index % all.count]
            // Neighbours belong to one organisation, random ones almost always to two.
            let right = index.isMultiple(of: 2) ? all[(index + 1) % all.count] : all.randomElement()!
            guard left.row.id != right.row.id else { continue }
            await attempt(left.sealed, right.row.org, right.row.place)
            await attempt(right.sealed, left.row.org, left.row.place)
        }
        for item in all.prefix(1000) {
            let row = "\(item.row.id)"
            await attempt(item.sealed, item.row.org, SealedPlace(table: "bench_secrets", column: "other", row: row))
            await attempt(item.sealed, item.row.org, SealedPlace(table: "other", column: "secret", row: row))
        }
        var right = 0
        for item in all {
            let plain = try? await vault.openText(item.sealed, for: .org(item.row.org), at: item.row.place)
            if plain?.reveal() == item.row.canary { right += 1 }
        }
        figures.line("opened_at_their_place", Double(right), "secrets", atLeast: Double(rows.count))
        figures.line("swaps_tried", Double(tried), "openings", atLeast: Double(swaps))
        figures.line("swaps_opened", Double(opened), "openings", atMost: 0)
    }
}

/// Readers that open random secrets and look whether they are right.
private final class Reading: Sendable {
    private struct State {
        var (reads, failed, isOver) = (0, 0, false)
    }

    private let estate: SecretEstate
    private let rows: [SecretEstate.Row]
    private let vaults: [SecretVault]
    private let state = NIOLockedValueBox(State())

    init(_ estate: SecretEstate, _ rows: [SecretEstate.Row]) {
        (self.estate, self.rows) = (estate, rows)
        vaults = (0..<2).map { _ in SecretVault(estate.ring()) }
    }

    var outcome: (reads: Int, failed: Int) { state.withLockedValue { ($0.reads, $0.failed) } }

    func stop() { state.withLockedValue { $0.isOver = true } }

    func run(in process: Int) async {
        while !state.withLockedValue({ $0.isOver }) {
            let row = rows.randomElement()!
            let isRight = await read(row, with: vaults[process])
            state.withLockedValue { state in
                state.reads += 1
                if !isRight { state.failed += 1 }
            }
        }
    }

    private func read(_ row: SecretEstate.Row, with vault: SecretVault) async -> Bool {
        let found = try? await estate.app.first(in: row.org, "SELECT secret FROM bench_secrets WHERE id = \(row.id)") {
            try $0.next(Sealed.self)
        }
        guard let sealed = found ?? nil else { return false }
        let plain = try? await vault.openText(sealed, for: .org(row.org), at: row.place)
        return plain?.reveal() == row.canary
    }
}
