// HTTPKit: what it takes to answer HTTP/1.1, WebSocket and server-sent events, knowing nothing of monitoring.
// Owns the endpoint table (router, OpenAPI and the checks read it), limits and time-outs, rate limiting, request ids,
// the access log, problem+json, sockets with their bounded queues, static files, and the admin listener.
// Leaves to others who is asking and what they may do (Access implements `Gate`), what an answer means (the contexts
// declare `Endpoint`s), and where the pieces meet (HTTPAPI and PulseApp). Start reading at `Endpoint` and `Responder`.
