internal import NIOConcurrencyHelpers
internal import Kernel

/// How many exports and imports run at once in this process.
final class PortabilitySlots: Sendable {
    private let taken = NIOLockedValueBox(0)

    /// Given back once, whatever happens; at the latest when nobody holds it any more.
    final class Slot: Sendable {
        private let isHeld = NIOLockedValueBox(true)
        private let slots: PortabilitySlots

        fileprivate init(_ slots: PortabilitySlots) { self.slots = slots }
        deinit { giveBack() }

        func giveBack() {
            let wasHeld = isHeld.withLockedValue { held in
                defer { held = false }
                return held
            }
            if wasHeld { slots.taken.withLockedValue { $0 -= 1 } }
        }
    }

    /// - Throws: `portability-busy` when all are taken.
    func take() throws(Problem) -> Slot {
        let isFree = taken.withLockedValue { taken in
            guard taken < PortabilityLimits.atOnce else { return false }
            taken += 1
            return true
        }
        guard isFree else { throw .portabilityBusy }
        return Slot(self)
    }
}
