import { useState } from "react";
import { Day } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { asProblem } from "../../kit/problem";
import { useNow } from "../../kit/clock";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { span } from "../../kit/units";
import { useMe } from "../../session/session";
import { Invitation, invitationsPath, roleLabel } from "./member";

/** Someone who may come: whom it was sent to, how long it holds, and the way to take it back or send it anew. */
export function InvitationRow({ invitation }: { invitation: Invitation }): JSX.Element {
  const me = useMe(), now = useNow();
  const [busy, setBusy] = useState(false);
  const left = (Date.parse(invitation.expiresAt) - now) / 1000;
  const isExpired = invitation.status === "expired" || left <= 0;
  const path = invitationsPath(me);

  async function run(action: () => Promise<unknown>, done: string, text: string, not: string): Promise<void> {
    setBusy(true);
    try {
      await action();
      toast({ title: done, text });
    } catch (error) {
      toast({ mark: "critical", title: not, text: asProblem(error).sentence });
    } finally {
      setBusy(false);
      invalidate(path);
    }
  }
  const revoke = () => run(() => remove(`${path}/${invitation.id}`), `Invitation of ${invitation.email} revoked`, "The link in the mail no longer works.", "Invitation not revoked");
  const again = () => run(() => post(path, { email: invitation.email, role: invitation.role }), `Invited ${invitation.email} again`, "A new link is on its way; it works for 7 days.", "Not invited again");

  return (
    <tr>
      <td className="c-name">
        <div className="cell-name">
          <span className="avatar avatar-open" aria-hidden="true">?</span>
          <div><span className="name">{invitation.email}</span><span className="sub">{invitation.invitedByName ? `Invited by ${invitation.invitedByName}` : "Invited"}{isExpired ? "" : `, ${span(left)} left`}</span></div>
        </div>
      </td>
      <td data-label="Role">{roleLabel(invitation.role)}</td>
      <td className="col-lower"><Status mark={isExpired ? "warning" : "pending"}>{isExpired ? "Expired" : "Not accepted"}</Status></td>
      <td className="right c-drop col-lower"><span className="num muted"><Day at={invitation.createdAt} /></span></td>
      <td className="right c-act c-buttons">
        <span className="row">
          {isExpired && <Button small label="Renew" aria-label={`Invite ${invitation.email} again`} busy={busy} onClick={() => void again()} />}
          <Button small tone="danger" label="Revoke" aria-label={`Revoke the invitation of ${invitation.email}`} busy={busy} onClick={() => void revoke()} />
        </span>
      </td>
    </tr>
  );
}
