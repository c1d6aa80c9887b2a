import CAllocator
import Telemetry

/// What the allocator says of itself. Linking it is what puts it in the place of the C library's.
enum Allocator {
    /// For `PulseRuns.run`; nothing where somebody has put another allocator before it.
    static func samples() -> [MetricSample] {
        var (allocated, active) = (0, 0)
        guard pulse_allocator_read(&allocated, &active) else { return [] }
        return [
            MetricSample(
                "pulse_allocator_allocated_bytes", .gauge, help: "Memory that the program holds.", Double(allocated)),
            MetricSample(
                "pulse_allocator_active_bytes", .gauge,
                help: "Memory in pages that hold something; what is above allocated is lost to fragments.",
                Double(active)),
        ]
    }
}
