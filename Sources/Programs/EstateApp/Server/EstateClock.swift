import Foundation
import NIOConcurrencyHelpers

/// The estate's time: another's clock, moved and scaled.
package struct EstateClock: Sendable {
    package static let system: @Sendable () -> Double = { Date().timeIntervalSince1970 }

    private let moment: @Sendable () -> Double
    private let began: Double
    private let start: Double
    private let speed: Double
    private let quantum: Double
    private let ahead = NIOLockedValueBox(0.0)

    init(_ options: EstateOptions) {
        moment = options.moment
        began = options.moment()
        start = options.start ?? began
        speed = options.speed
        quantum = options.quantum
    }

    /// Unix seconds.
    var now: Double {
        let time = start + (moment() - began) * speed + ahead.withLockedValue { $0 }
        return quantum > 0 ? (time / quantum).rounded(.down) * quantum : time
    }

    func advance(by seconds: Double) { ahead.withLockedValue { $0 += seconds } }
}
