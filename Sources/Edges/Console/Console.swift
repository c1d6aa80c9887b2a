// The web console, as files: what a browser gets for every address that is not an endpoint.
//
// Owns: the sources under `web` (TypeScript and React; see web/README.md) and which file answers which path.
// Leaves to others: building them (ops/build-console), ETag, caching and compression (HTTPKit), everything the pages ask
// for once they run (the endpoints of the contexts).
