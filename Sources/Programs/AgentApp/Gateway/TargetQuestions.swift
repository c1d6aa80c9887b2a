import AgentProtocol
import Datagrams
import Kernel
import NIOCore

/// Datagrams and pings from this machine to the targets, one task for each question; on the gateway's event loop.
///
/// Bounds: the book lets so many questions in, and each ends by its own time-out, or with the connection to the server.
final class TargetQuestions {
    private let plan: GatewayPlan
    private let loop: any EventLoop
    private unowned let handler: GatewayHandler
    /// `nil` while the name is looked up.
    private var tasks: [UInt32: Task<Void, Never>?] = [:]

    init(_ plan: GatewayPlan, on loop: any EventLoop, handler: GatewayHandler) {
        self.plan = plan
        self.loop = loop
        self.handler = handler
    }

    var count: Int { tasks.count }

    func ask(_ number: UInt32, _ question: GatewayQuestion) {
        tasks[number] = .some(nil)
        let bound = NIOLoopBound(self, eventLoop: loop)
        plan.addresses(of: question.host, for: TargetService(question.means), on: loop).whenComplete { result in
            switch result {
            case .success(let addresses): bound.value.begin(number, question, addresses[0])
            case .failure(let error):
                let why = (error as? TargetRefused)?.why ?? .unknownName
                bound.value.end(number, question, .failure(TargetRefused(why)))
            }
        }
    }

    /// To the address that was checked, and to no other.
    private func begin(_ number: UInt32, _ question: GatewayQuestion, _ address: NetworkAddress) {
        // It may have been given up while its name was looked up.
        guard tasks[number] != nil else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        tasks[number] = Task { [loop] in
            let result = await question.put(to: address.description, on: loop)
            loop.execute { bound.value.end(number, question, result) }
        }
    }

    private func end(_ number: UInt32, _ question: GatewayQuestion, _ result: Result<[GatewayAnswer], TargetRefused>) {
        guard tasks.removeValue(forKey: number) != nil else { return }
        switch result {
        case .success(let answers): handler.stepQuestions { book, _ in book.answer(number, answers) }
        case .failure(let refused):
            if refused.why == .notAllowed { handler.tellRefused("\(question)") }
            handler.stepQuestions { book, _ in book.decline(number, refused.why) }
        }
    }

    func cancel(_ number: UInt32) { tasks.removeValue(forKey: number)??.cancel() }

    func cancelAll() {
        let all = tasks
        tasks = [:]
        for task in all.values { task?.cancel() }
    }
}

extension TargetService {
    init(_ means: GatewayQuestion.Means) {
        self =
            switch means {
            case .datagram(let port, _): .udp(port)
            case .echo: .icmp
            }
    }
}

extension GatewayQuestion {
    fileprivate func put(to address: String, on loop: any EventLoop) async -> Result<[GatewayAnswer], TargetRefused> {
        let timeout = Duration.milliseconds(Int(timeoutMilliseconds))
        do {
            switch means {
            case .datagram(let port, let bytes):
                let answers = try await Datagrams.ask(
                    bytes, at: address, port: port, most: most, timeout: timeout, on: loop)
                return .success(answers.map { GatewayAnswer($0.took, $0.bytes) })
            case .echo:
                let times = try await Datagrams.echo(address, count: most, timeout: timeout, on: loop)
                return .success(times.map { GatewayAnswer($0, []) })
            }
        } catch DatagramError.noEchoSocket {
            return .failure(TargetRefused(.noEchoSocket))
        } catch {
            return .failure(TargetRefused(.unreachable))
        }
    }
}

extension GatewayAnswer {
    fileprivate init(_ took: Duration, _ bytes: [UInt8]) {
        let parts = took.components
        self.init(
            microseconds: UInt32(clamping: parts.seconds * 1_000_000 + parts.attoseconds / 1_000_000_000_000),
            bytes: bytes)
    }
}
