import { useEffect, useState } from "react";
import { post } from "../../kit/api";
import { APIProblem, asProblem } from "../../kit/problem";

export type LinkCheck<T> = { kind: "asking" } | { kind: "good"; data: T } | { kind: "refused"; problem: APIProblem } | { kind: "failed"; problem: APIProblem };

/** Asks what a mailed link is worth, without using it up. `refuse` is for what its use finds out later. */
export function useLinkCheck<T>(path: string, token: string): { check: LinkCheck<T>; again: () => void; refuse: (problem: APIProblem) => void } {
  const [check, setCheck] = useState<LinkCheck<T>>({ kind: "asking" });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    post<T>(path, { token }, { signal: controller.signal }).then(
      (data) => setCheck({ kind: "good", data }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = asProblem(error);
        setCheck({ kind: problem.isTemporary ? "failed" : "refused", problem });
      });
    return () => controller.abort();
  }, [path, token, attempt]);
  return { check, again: () => setAttempt(attempt + 1), refuse: (problem) => setCheck({ kind: "refused", problem }) };
}
