// Trying a provider: whether it answers, and a sign-in that signs nobody in and shows everything that was said.
import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { asProblem } from "../../kit/problem";
import { Status, StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { depart, Departure } from "../../session/depart";
import { fresh } from "../../session/fresh";
import { AttemptView } from "./AttemptView";
import { Attempt, attemptsPath, Kind, Provider, providersPath } from "./sso";

interface Verdict { success: boolean; error?: string; message?: string; details?: Record<string, unknown> }

/** Whether it can be reached and says what a provider says. Nothing is stored. */
export function Reach({ kind, settings, mayTest }: { kind: Kind; settings: () => Record<string, unknown>; mayTest: boolean }): JSX.Element | null {
  const [busy, setBusy] = useState(false), [verdict, setVerdict] = useState<Verdict>();
  if (!mayTest) return null;
  async function reach(): Promise<void> {
    setBusy(true);
    try {
      setVerdict(await post<Verdict>(`${providersPath}/test`, { type: kind, [kind]: settings() }, { timeout: 30_000 }));
    } catch (error) {
      setVerdict({ success: false, message: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  const name = verdict?.details?.["issuer"] ?? verdict?.details?.["entityId"];
  return (
    <div className="row reach">
      <Button small icon="refresh" label="Does it answer?" busy={busy} onClick={() => void reach()} />
      <span role="status" className="grow wrap-anywhere">{verdict && <Status mark={verdict.success ? "ok" : "critical"}>{verdict.success ? `It answers${typeof name === "string" ? ` as ${name}` : ""}` : verdict.message ?? "It does not answer as a provider does."}</Status>}</span>
    </div>
  );
}

export function TestCard({ provider, mayTest, shown }: { provider: Provider; mayTest: boolean; shown: string | undefined }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const attempt = useQuery<Attempt>(shown ? `${attemptsPath}/${encodeURIComponent(shown)}` : undefined);
  async function begin(): Promise<void> {
    setBusy(true);
    try {
      depart(await fresh(() => post<Departure>(`${providersPath}/${provider.id}/test`, { returnTo: `/sso/${provider.id}` })));
    } catch (error) {
      toast({ mark: "critical", title: "The test did not begin", text: asProblem(error).sentence });
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="test-head">
      <div className="card-head">
        <div><h3 id="test-head">Try it</h3><p className="sub">Sign in over there. Nobody is signed in here by it; you see every claim and what became of it.</p></div>
        <span className="actions">{mayTest && <Button small tone={shown ? undefined : "primary"} icon="ext" label={shown ? "Try again" : "Try a sign-in"} busy={busy} onClick={() => void begin()} />}</span>
      </div>
      {shown && <div className="card-body"><Wait query={attempt} what="The test" rows={3}>{(found) => <AttemptView attempt={found} provider={provider} />}</Wait></div>}
      {!shown && !provider.enabled && <div className="card-foot row"><StatusMark mark="paused" />It is off: only tests come through.</div>}
    </section>
  );
}
