// What is told of containers, in the words of the engine's own tool.
import { DockerFacts, Resource, subtitle } from "../../live/resource";

/** `running, healthy`, `exited (137)`. */
export function stateWords({ dockerStatus }: Resource): string {
  const { state, health, exitCode } = dockerStatus ?? {};
  if (!state) return "unknown";
  if (state === "running") return health ? `running, ${health}` : state;
  return exitCode === undefined ? state : `${state} (${exitCode})`;
}

/** `8080→80/tcp, 443/tcp`: each once, however many addresses it listens at. */
export function portWords(docker: DockerFacts | undefined): string | undefined {
  const words = new Set((docker?.ports ?? []).map(({ publicPort, privatePort, protocol }) => (
    `${publicPort === undefined ? "" : `${publicPort}→`}${privatePort ?? "?"}/${protocol ?? "tcp"}`)));
  return words.size === 0 ? undefined : [...words].join(", ");
}

/** The line under the name in a list of what something holds. */
export function heldWords(resource: Resource): string {
  const kind = subtitle({ ...resource, parentName: undefined });
  if (resource.type !== "app-container") return kind;
  return [kind, stateWords(resource), resource.docker?.image, portWords(resource.docker)].filter(Boolean).join(" · ");
}
