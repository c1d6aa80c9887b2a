import { Resource, Standing, standing } from "../live/resource";

/** Shape says what, colour how bad, word aloud. */
export type Mark = "ok" | "warning" | "critical" | "offline" | "unknown" | "paused" | "pending" | "info";

export function StatusMark({ mark }: { mark: Mark }): JSX.Element {
  return <svg className="mark" data-status={mark} aria-hidden="true"><use href={`#m-${mark}`} /></svg>;
}

export function Status({ mark, children }: { mark: Mark; children: React.ReactNode }): JSX.Element {
  return (
    <span className="status" data-status={mark}>
      <svg className="mark" aria-hidden="true"><use href={`#m-${mark}`} /></svg>{children}
    </span>
  );
}

const words: Record<Standing, { mark: Mark; word: string }> = {
  online: { mark: "ok", word: "Healthy" },
  warning: { mark: "warning", word: "Warning" },
  offline: { mark: "offline", word: "Offline" },
  unknown: { mark: "unknown", word: "Unknown" },
  stopped: { mark: "paused", word: "Stopped" },
};

export const statusWord = (status: Standing): string => (words[status] ?? words.unknown).word;
export const statusMark = (status: Standing): Mark => (words[status] ?? words.unknown).mark;

/** Of a thing and its reasons. */
export function statusOf(resource: Resource): { mark: Mark; word: string } {
  const isFailed = resource.type === "physical_disk" && resource.status === "offline" && resource.diskHealth?.health !== undefined;
  return isFailed ? { mark: "critical", word: "Failing" } : words[standing(resource)];
}
