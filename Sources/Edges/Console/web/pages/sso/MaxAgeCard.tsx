import { useState } from "react";
import { patch } from "../../kit/api";
import { seed, useQuery } from "../../kit/cache";
import { asProblem } from "../../kit/problem";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { ssoPolicyPath } from "./sso";

interface Policy { sessionMaxSeconds: number | null }
const choices = [["", "As long as Pulse keeps them, 30 days"], ["28800", "8 hours"], ["43200", "12 hours"], ["86400", "1 day"], ["604800", "1 week"]] as const;

/** How long a session is good in this organisation, however it began. */
export function MaxAgeCard(): JSX.Element {
  const me = useMe(), policy = useQuery<Policy>(ssoPolicyPath);
  const [busy, setBusy] = useState(false);
  async function set(text: string): Promise<void> {
    setBusy(true);
    try {
      const after = await fresh(() => patch<Policy>(ssoPolicyPath, { sessionMaxSeconds: text === "" ? null : Number(text) }));
      seed<Policy>(ssoPolicyPath, () => after);
      toast({ title: "Saved", text: "Older sessions are asked to sign in again, here alone." });
    } catch (error) {
      toast({ mark: "critical", title: "Not changed", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="age-head">
      <div className="card-head"><h2 id="age-head">Sessions</h2></div>
      <div className="card-body">
        <Wait query={policy} what="The rule for sessions" rows={1}>
          {({ sessionMaxSeconds }) => {
            const now = sessionMaxSeconds === null || sessionMaxSeconds === undefined ? "" : String(sessionMaxSeconds);
            const isOther = !choices.some(([value]) => value === now);
            return (
              <div className="field">
                <label htmlFor="max-age">A sign-in is good in this organisation for</label>
                <select id="max-age" className="select" value={now} disabled={busy || !may(me, "manage:security")} onChange={(event) => void set(event.currentTarget.value)}>
                  {isOther && <option value={now}>{Math.round(Number(now) / 60)} minutes</option>}
                  {choices.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
                </select>
              </div>
            );
          }}
        </Wait>
      </div>
    </section>
  );
}
