// DockerFacts: what a container engine (Docker, Podman) on this machine says, read over its unix socket.
// Owns: finding the socket, a small client with a time limit and a size limit on every answer, the reading of answers
// (pure), and `DockerWatch`, which asks in turns and makes the docker part of a host's report.
// Never reads environments, commands, options or the contents of secrets and configs: nothing that is not asked for leaks.
// Tempting wrong step: one call a container in every round. A thousand containers then cost the engine more than they
// do themselves; what is dear is asked in rotation within `DockerBudget`.
