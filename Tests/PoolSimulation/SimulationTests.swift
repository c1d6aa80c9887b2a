import Dispatch
import FoundationEssentials
import Kernel
import NIOConcurrencyHelpers
import Testing

@testable import Monitoring

/// `PULSE_TEST_SIMULATION`: `HOURS SEED`, for `ops/prove simulation`; a failure's own seed and 0 hours replay it.
@Suite(.serialized) struct SimulationTests {
    private static let wanted: (hours: Double, seed: UInt64) = {
        let words = (ProcessInfo.processInfo.environment["PULSE_TEST_SIMULATION"] ?? "").split(separator: " ")
        return (
            words.first.flatMap { Double($0) } ?? 1000, words.dropFirst().first.flatMap { UInt64($0) } ?? 20_261_121
        )
    }()

    @Test(
        "whatever happens to workers, nothing is owned twice, no reload is lost and nobody is forgotten",
        arguments: PoolSimulation.Weather.allCases)
    func holds(weather: PoolSimulation.Weather) async {
        let share = Self.wanted.hours / Double(PoolSimulation.Weather.allCases.count)
        let state = NIOLockedValueBox((hours: 0.0, next: Self.wanted.seed, failures: [String]()))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.width {
                group.addTask {
                    await Self.apart {
                        while let seed = Self.nextSeed(state, upTo: share) {
                            var simulation = PoolSimulation(weather, seed: seed)
                            do {
                                let hours = try simulation.run()
                                state.withLockedValue { $0.hours += hours }
                            } catch {
                                state.withLockedValue { $0.failures.append("\(error)") }
                            }
                        }
                    }
                }
            }
        }
        let (hours, _, failures) = state.withLockedValue { $0 }
        print("simulated \(weather.rawValue): \(Int(hours)) worker-hours from seed \(Self.wanted.seed)")
        #expect(failures == [])
    }

    /// Beside all other tests one after the other; the proof alone takes all cores.
    private static let width = ProcessInfo.processInfo.environment["PULSE_TEST_SIMULATION"] == nil ? 1 : 4

    /// On a thread of its own: on those of tasks every other test would stand still meanwhile.
    private static func apart(_ work: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { done in
            DispatchQueue.global(qos: .utility).async {
                work()
                done.resume()
            }
        }
    }

    private static func nextSeed(
        _ state: NIOLockedValueBox<(hours: Double, next: UInt64, failures: [String])>, upTo hours: Double
    ) -> UInt64? {
        state.withLockedValue { state in
            let isFirst = state.next == wanted.seed
            guard isFirst || state.hours < hours, state.failures.count < 3 else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    @Test("a seed repeats itself") func replays() throws {
        var (first, second) = (PoolSimulation(.storm, seed: 7), PoolSimulation(.storm, seed: 7))
        #expect(try first.run() == second.run())
    }
}
