import CollectorKit
import Inventory
import Testing

@Suite struct EndpointBookTests {
    private let gone = PlatformFailure(ConnectionFault(.unreachable, "x"))

    private func refused(_ status: Int, _ said: String = "") -> PlatformFailure {
        PlatformFailure(ConnectionFault(.serverError, "x"), status: status, said: said)
    }

    @Test("the first healthy one in order is asked, and one that failed rests for ten seconds") func order() {
        var book = EndpointBook("a")
        book.set(members: ["b", "a", "c"])
        #expect(book.endpoints == ["a", "b", "c"])
        #expect(book.pick(at: .zero) == "a")
        #expect(book.failed("a", gone, attempt: 0, at: .seconds(1), spread: 0) == .again)
        #expect(book.pick(at: .seconds(1)) == "b")
        #expect(book.pick(at: .seconds(11)) == "a")
        book.succeeded("a")
        #expect(book.pick(at: .seconds(2)) == "a")
    }

    @Test("case 31: an only endpoint is asked, however unwell") func only() {
        var book = EndpointBook("a")
        #expect(book.failed("a", gone, attempt: 0, at: .zero, spread: 0) == .final)
        #expect(book.pick(at: .seconds(1)) == "a")
    }

    @Test("when nobody is well, the one that failed longest ago is asked, and the tries end") func nobody() {
        var book = EndpointBook("a")
        book.set(members: ["b"])
        #expect(book.mostTries == 4)
        _ = book.failed("a", gone, attempt: 0, at: .seconds(1), spread: 0)
        _ = book.failed("b", gone, attempt: 1, at: .seconds(2), spread: 0)
        #expect(book.pick(at: .seconds(3)) == "a")
        #expect(book.failed("a", gone, attempt: 3, at: .seconds(3), spread: 0) == .final)
    }

    @Test("a busy one is given a moment and stays well", arguments: [408, 425, 429, 502, 503, 504])
    func busy(status: Int) {
        var book = EndpointBook("a")
        book.set(members: ["b"])
        #expect(book.failed("a", refused(status), attempt: 0, at: .zero, spread: 0) == .againAfter(.milliseconds(150)))
        #expect(book.failed("a", refused(status), attempt: 1, at: .zero, spread: 1) == .againAfter(.milliseconds(500)))
        #expect(book.pick(at: .zero) == "a")
    }

    @Test("what another would say as well is said at once", arguments: [401, 403, 595, 404, 500])
    func final(status: Int) {
        var book = EndpointBook("a")
        book.set(members: ["b"])
        #expect(book.failed("a", refused(status), attempt: 0, at: .zero, spread: 0) == .final)
        #expect(book.pick(at: .zero) == "a")
        #expect(book.failed("a", refused(500, "Too Many Requests"), attempt: 0, at: .zero, spread: 0) != .final)
    }
}
