import Kernel
import NIOCore
import NIOHTTP1

/// How far the taking of a body has come.
struct UploadProgress {
    /// Who waits for the next piece. Only then is anything read from the socket.
    var reader: EventLoopPromise<[UInt8]?>?
    var takenBytes = 0
    /// The sender waits for a word before it begins.
    var owesContinue: Bool
    /// However steadily it trickles, it ends here.
    let endsAt: NIODeadline
}

extension HTTPConnection {
    /// Starts the handler before the body is here.
    func takeUpload(_ opening: Opening, _ context: ChannelHandlerContext) {
        upload = UploadProgress(
            owesContinue: head?.headers.first(name: "expect")?.lowercased() == "100-continue",
            endsAt: .now() + TimeAmount(opening.timeout))
        phase = .working(opening)
        setDeadline(in: opening.timeout)
        let (eventLoop, bound, ticket) = (context.eventLoop, NIOLoopBound(self, eventLoop: context.eventLoop), ticket)
        var opening = opening
        opening.request.arriving = Upload {
            try await eventLoop.flatSubmit { bound.value.nextPiece(ticket: ticket, on: eventLoop) }.get()
        }
        startTask(opening, context)
    }

    private func nextPiece(ticket: Int, on eventLoop: any EventLoop) -> EventLoopFuture<[UInt8]?> {
        guard ticket == self.ticket, case .working = phase, let context, let upload, upload.reader == nil else {
            return eventLoop.makeFailedFuture(CancellationError())
        }
        guard !isRequestComplete else { return eventLoop.makeSucceededFuture(nil) }
        if upload.owesContinue {
            let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
        }
        let reader = eventLoop.makePromise(of: [UInt8]?.self)
        self.upload?.owesContinue = false
        self.upload?.reader = reader
        let left = Duration.nanoseconds((upload.endsAt - .now()).nanoseconds)
        setDeadline(in: min(responder.settings.bodyTimeout, max(left, .zero)))
        feedUpload(context)
        return reader.futureResult
    }

    /// Hands the reader what has come, or reads on.
    func feedUpload(_ context: ChannelHandlerContext) {
        guard let reader = upload?.reader, let upload, case .working(let opening) = phase else { return }
        guard let part = pending.popFirst() else { return resumeReading(context) }
        self.upload?.reader = nil
        let left = Duration.nanoseconds((upload.endsAt - .now()).nanoseconds)
        setDeadline(in: max(left, .zero))
        switch part {
        case .body(let bytes):
            let taken = upload.takenBytes + bytes.readableBytes
            self.upload?.takenBytes = taken
            guard taken <= opening.maxBodyBytes else { return reader.fail(opening.overflowProblem) }
            reader.succeed(Array(bytes.readableBytesView))
        case .end:
            isRequestComplete = true
            reader.succeed(nil)
        case .head: reader.fail(Problem.malformedRequest)
        }
    }

    /// All of it has come, read or not.
    var isUploadHere: Bool {
        isRequestComplete || pending.contains { if case .end = $0 { true } else { false } }
    }

    /// Nothing more comes.
    func endUpload(_ error: any Error) {
        let reader = upload?.reader
        upload = nil
        reader?.fail(error)
    }
}
