/// Something that happens again and again, each time a little off its beat.
struct Cycle: Sendable {
    /// Seconds between two times.
    let period: Double
    let seed: Seed

    /// The last time at or before `time`, and its number. The k-th falls into the first half of the k-th period.
    func last(at time: Double) -> (at: Double, number: Int) {
        var number = Int((time / period).rounded(.down))
        if moment(number) > time { number -= 1 }
        return (moment(number), number)
    }

    func moment(_ number: Int) -> Double {
        ((Double(number) + seed.child(number).fraction(.moment) * 0.5) * period).rounded(.down)
    }
}
