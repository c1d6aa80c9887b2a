/// How an estate is served.
package struct EstateOptions: Sendable {
    package enum Certificates: String, CaseIterable, Sendable { case estate, cluster }

    package var shape = EstateShape()
    /// `0.0.0.0`, or `127.0.0.1` for the whole of 127/8 and nothing else.
    package var listen = "127.0.0.1"
    /// 0: any that is free.
    package var port = 8006
    package var adminPort = 0
    package var addressBase = "127.32.0.1"
    package var listensPerCluster = false
    package var certificates = Certificates.estate
    /// Where certificates outlive a restart; `nil`: new ones every time.
    package var certificateDirectory: String?
    /// Unix seconds; the machine's own unless a test brings its own.
    package var moment: @Sendable () -> Double = EstateClock.system
    /// The estate's time when it starts; `nil`: what `moment` says.
    package var start: Double?
    package var speed = 1.0
    /// Values move every so many seconds; 10 is how PVE's lists behave.
    package var quantum = 1.0
    package var faults: [FaultFlag] = []

    package init() {}
}
