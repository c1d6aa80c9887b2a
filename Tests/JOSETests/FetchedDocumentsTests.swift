import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import JOSE

struct FetchedDocumentsTests {
    private enum Fault: Error, Equatable { case busy, away }

    /// What is published, and how often it was asked for.
    private final class Publisher: Sendable {
        let text = NIOLockedValueBox<String?>("one")
        let asked = NIOLockedValueBox(0)
    }

    private let time = ManualTime()
    private let publisher = Publisher()

    private func documents(_ bounds: FetchBounds = FetchBounds()) -> FetchedDocuments<Int, String, Fault> {
        FetchedDocuments(bounds, time: time, busy: .busy) { [publisher] _ in
            publisher.asked.withLockedValue { $0 += 1 }
            return publisher.text.withLockedValue { $0.map { .success($0) } ?? .failure(.away) }
        }
    }

    private var asked: Int { publisher.asked.withLockedValue { $0 } }
    private func publish(_ text: String?) { publisher.text.withLockedValue { $0 = text } }

    @Test("a document is fetched once for many, and again when it is old")
    func lifetime() async {
        let documents = documents()
        for _ in 0..<5 { #expect(await documents.document(for: 1) == .success("one")) }
        publish("two")
        time.advance(by: .seconds(599))
        #expect(await documents.document(for: 1) == .success("one"))
        time.advance(by: .seconds(1))
        #expect(await documents.document(for: 1) == .success("two"))
        #expect(asked == 2)
    }

    @Test("one that does not suit is asked for again: twice at once, then once in half a minute")
    func pause() async {
        let documents = documents()
        func ask() async -> Result<String, Fault> { await documents.document(for: 1) { $0 == "two" } }
        for _ in 0..<100 { #expect(await ask() == .success("one")) }
        #expect(asked == 3)
        time.advance(by: .seconds(29))
        #expect(await ask() == .success("one"))
        #expect(asked == 3)
        publish("two")
        time.advance(by: .seconds(1))
        #expect(await ask() == .success("two"))
        #expect(asked == 4)
        // After a while they have grown back.
        publish("one")
        time.advance(by: .seconds(600))
        for _ in 0..<100 { #expect(await ask() == .success("one")) }
        #expect(asked == 7)
    }

    @Test("what is changed just after it was asked for is there at once")
    func changed() async {
        let documents = documents()
        #expect(await documents.document(for: 1) == .success("one"))
        publish("two")
        #expect(await documents.document(for: 1) { $0 == "two" } == .success("two"))
        #expect(asked == 2)
    }

    @Test("who is away is believed for a day by what they said last, and told apart from who is asked too often")
    func outage() async {
        let documents = documents()
        publish(nil)
        #expect(await documents.document(for: 1) == .failure(.away))
        publish("one")
        #expect(
            await documents.document(for: 1) == .failure(.away), "it was tried a moment ago, and that was the answer")
        time.advance(by: .seconds(30))
        #expect(await documents.document(for: 1) == .success("one"))
        publish(nil)
        time.advance(by: .seconds(86_399))
        #expect(await documents.document(for: 1) == .success("one"))
        time.advance(by: .seconds(31))
        #expect(await documents.document(for: 1) == .failure(.away))
    }

    @Test("of more places than are kept the one unused longest goes")
    func bounds() async {
        var bounds = FetchBounds()
        bounds.most = 3
        let documents = documents(bounds)
        for place in [1, 2, 3, 1, 4] {
            _ = await documents.document(for: place)
            time.advance(by: .seconds(1))
        }
        #expect(await documents.count == 3)
        let before = asked
        for place in [1, 3, 4] { _ = await documents.document(for: place) }
        #expect(asked == before)
        _ = await documents.document(for: 2)
        #expect(asked == before + 1)
    }
}
