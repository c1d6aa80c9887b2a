import { useState } from "react";
import { put } from "../../kit/api";
import { seed, useQuery } from "../../kit/cache";
import { asProblem } from "../../kit/problem";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";

interface Policy { zeroKnowledge: boolean }
export const policyPath = "/api/security/sign-in-policy";

/** How the organisation's people may sign in. */
export function SignInCard(): JSX.Element {
  const me = useMe();
  const policy = useQuery<Policy>(policyPath);
  const [busy, setBusy] = useState(false);
  const mayChange = may(me, "manage:security");
  async function set(zeroKnowledge: boolean): Promise<void> {
    setBusy(true);
    try {
      const after = await fresh(() => put<Policy>(policyPath, { zeroKnowledge }));
      seed<Policy>(policyPath, () => after);
      toast({ title: after.zeroKnowledge ? "Offered to your people" : "No longer offered", text: after.zeroKnowledge ? "Each switches it on under Profile, Security." : "Who switched it on keeps it." });
    } catch (error) {
      toast({ mark: "critical", title: "Not changed", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="policy-head">
      <div className="card-head"><h2 id="policy-head">Signing in</h2></div>
      <div className="card-body">
        <Wait query={policy} what="The sign-in rules" rows={1}>
          {({ zeroKnowledge }) => (
            <div className="row switch-row">
              <div className="grow"><span className="label">Sign-in that never sends the password</span><p className="sub">People prove that they know their password; the server keeps only what can check the proof.</p></div>
              <button
                type="button" className="switch" role="switch" aria-checked={zeroKnowledge} aria-busy={busy || undefined} aria-label="Sign-in that never sends the password"
                disabled={!mayChange} onClick={() => { if (!busy) void set(!zeroKnowledge); }}
              />
            </div>
          )}
        </Wait>
      </div>
    </section>
  );
}
