// One enrolment, from a fresh token to the first measurement, as the server and the live stream tell it.
import { useEffect, useState } from "react";
import { post, remove } from "../../kit/api";
import { serverNow } from "../../kit/clock";
import { useQuery } from "../../kit/cache";
import { APIProblem, asProblem } from "../../kit/problem";
import { resources, useResourcesVersion } from "../../live/live";
import { Resource } from "../../live/resource";

export interface Token { id: string; token: string; expiresAt: string; command: string; scriptUrl?: string; scriptSha256?: string }
interface TokenState { id: string; createdAt?: string; usedAt?: string | null; agentId?: string | null; installerFetchedAt?: string | null; expiresAt: string; revokedAt?: string | null }
interface Agent { id: string; resourceId?: string; hostname?: string; version?: string; enrolledAt?: string; lastSeenAt?: string | null }

export type Stage = "nothing" | "fetched" | "used" | "measured" | "expired";

export interface Enrolment {
  token: Token | undefined;
  problem: APIProblem | undefined;
  stage: Stage;
  fetchedAt: string | undefined;
  usedAt: string | undefined;
  agent: Agent | undefined;
  resource: Resource | undefined;
  /** Local milliseconds; the waiting began here. */
  startedAt: number;
  renew: () => void;
}

const poll = 2_000;
/** The token of this tab and organisation: coming back to the page shows the same command, a reload makes a new one. */
const kept: { org: string; token: Token | undefined; startedAt: number } = { org: "", token: undefined, startedAt: 0 };

export function useEnrolment(orgID: string): Enrolment {
  const [token, setToken] = useState<Token | undefined>(() => kept.org === orgID ? kept.token : undefined);
  const [problem, setProblem] = useState<APIProblem | undefined>();
  const [round, setRound] = useState(0);
  useResourcesVersion();

  useEffect(() => {
    if (round === 0 && kept.org === orgID && kept.token) { setToken(kept.token); return undefined; }
    const controller = new AbortController();
    const old = kept.org === orgID ? kept.token : undefined;
    setToken(undefined);
    setProblem(undefined);
    post<Token>("/api/agents/enrollment-tokens", {}, { signal: controller.signal }).then(
      (made) => {
        Object.assign(kept, { org: orgID, token: made, startedAt: Date.now() });
        setToken(made);
        // the replaced one must not stay open; one that was used or has run out refuses, and that is fine
        if (old) remove(`/api/agents/enrollment-tokens/${old.id}`).catch(() => undefined);
      },
      (error: unknown) => { if (!controller.signal.aborted) setProblem(asProblem(error)); });
    return () => controller.abort();
  }, [orgID, round]);

  const states = useQuery<{ data: TokenState[] }>(token ? "/api/agents/enrollment-tokens" : undefined, poll);
  const state = states.data?.data.find((one) => one.id === token?.id);
  const agents = useQuery<{ data: Agent[] }>(state?.usedAt ? "/api/agents" : undefined, poll);
  const agent = agents.data?.data.find((one) => one.id === state?.agentId);
  const resource = findResource(state?.agentId ?? undefined, agent?.resourceId);
  const isOver = token !== undefined && (state?.revokedAt != null || Date.parse(token.expiresAt) <= serverNow());
  const stage: Stage = resource ? "measured" : state?.usedAt ? "used" : isOver ? "expired" : state?.installerFetchedAt ? "fetched" : "nothing";
  return {
    token, problem, stage, agent, resource, fetchedAt: state?.installerFetchedAt ?? undefined, usedAt: state?.usedAt ?? undefined,
    startedAt: kept.startedAt, renew: () => setRound((before) => before + 1),
  };
}

function findResource(agentID: string | undefined, resourceID: string | undefined): Resource | undefined {
  if (agentID === undefined) return undefined;
  const direct = resourceID === undefined ? undefined : resources.get(resourceID);
  if (direct) return direct;
  for (const resource of resources.values()) if (resource.agent?.agentId === agentID) return resource;
  return undefined;
}
