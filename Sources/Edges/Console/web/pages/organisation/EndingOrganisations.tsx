import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { asProblem } from "../../kit/problem";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { initials, Organisation, switchOrganisation, useMe } from "../../session/session";

/** The person's own organisations that are on their way out, other than the one on screen: each can be brought back. */
export function EndingOrganisations(): JSX.Element | null {
  const { organization, organizations } = useMe();
  const [busy, setBusy] = useState<string>();
  const ending = organizations.filter((one) => one.status === "pending_deletion" && one.role === "owner" && one.id !== organization?.id);
  if (ending.length === 0) return null;

  async function restore(one: Organisation): Promise<void> {
    setBusy(one.id);
    try {
      await fresh(() => post(`/api/orgs/${one.id}/restore`, undefined, { anywhere: true }));
      await switchOrganisation(one.id);
      toast({ title: `${one.displayName} is back`, text: "Watching goes on where it stopped." });
    } catch (error) {
      toast({ mark: "critical", title: "Not restored", text: asProblem(error).sentence });
    } finally {
      setBusy(undefined);
    }
  }

  return (
    <section className="card danger-card" aria-labelledby="ending-head">
      <div className="card-head"><h2 id="ending-head">Being deleted</h2></div>
      <ul className="list">
        {ending.map((one) => (
          <li key={one.id}>
            <span className="avatar avatar-org" aria-hidden="true">{initials(one.displayName)}</span>
            <div className="grow"><span className="name">{one.displayName}</span><p className="sub">Nothing is watched; all of it can still be brought back.</p></div>
            <Button small tone="primary" label="Restore" aria-label={`Restore ${one.displayName}`} busy={busy === one.id} onClick={() => void restore(one)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
