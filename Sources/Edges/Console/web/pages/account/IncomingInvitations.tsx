import { useState } from "react";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { asProblem } from "../../kit/problem";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { initials, reloadSession, switchOrganisation } from "../../session/session";
import { roleLabel } from "../members/member";

interface Invited { id: string; orgId: string; displayName: string; slug: string; role: string; invitedByName?: string; createdAt: string; expiresAt: string }
export interface Incoming { data: Invited[] }
export const incomingPath = "/api/org-invitations";

/** Organisations that would like this person to join. Nothing is drawn while there are none. */
export function IncomingInvitations({ list }: { list: readonly Invited[] }): JSX.Element | null {
  const [busy, setBusy] = useState<string>();
  if (list.length === 0) return null;

  async function answer(one: Invited, accept: boolean): Promise<void> {
    setBusy(one.id);
    try {
      if (accept) {
        await post(`${incomingPath}/${one.id}/accept`);
        toast({ title: `You are in ${one.displayName}`, text: `As ${roleLabel(one.role)}.` });
        await switchOrganisation(one.orgId);
      } else {
        await remove(`${incomingPath}/${one.id}`);
        toast({ mark: "info", title: `Declined ${one.displayName}`, text: "They can invite you again." });
        await reloadSession();
      }
    } catch (error) {
      toast({ mark: "critical", title: accept ? "Not joined" : "Not declined", text: asProblem(error).sentence });
    } finally {
      setBusy(undefined);
      invalidate(incomingPath);
    }
  }

  return (
    <section className="card" aria-labelledby="incoming-head">
      <div className="card-head"><h2 id="incoming-head">You are invited</h2></div>
      <ul className="list">
        {list.map((one) => (
          <li key={one.id} className="offer">
            <span className="avatar avatar-org" aria-hidden="true">{initials(one.displayName)}</span>
            <div className="grow"><span className="name">{one.displayName}</span><p className="sub">As {roleLabel(one.role)}{one.invitedByName && `, by ${one.invitedByName}`}. Until {dateTime(new Date(one.expiresAt))}.</p></div>
            <Button small label="Decline" aria-label={`Decline ${one.displayName}`} onClick={() => void answer(one, false)} />
            <Button small tone="primary" label="Join" aria-label={`Join ${one.displayName}`} busy={busy === one.id} onClick={() => void answer(one, true)} />
          </li>
        ))}
      </ul>
    </section>
  );
}
