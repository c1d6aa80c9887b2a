import { Link } from "../kit/router";
import { StatusMark } from "../kit/Status";
import { may, useMe } from "../session/session";

/** A standing fact about the organisation on screen: it is suspended, or on its way out. */
export function StateBanner(): JSX.Element | null {
  const me = useMe();
  const status = me.organization?.status;
  if (status === "pending_deletion") {
    return (
      <div className="state-banner banner" data-tone="critical" role="status">
        <StatusMark mark="critical" />
        <div><strong>{me.organization?.displayName} is being deleted.</strong> <span className="muted">Nothing is watched. {may(me, "own:org") ? <Link to="/settings">See until when it can be restored</Link> : "An owner can restore it."}</span></div>
      </div>
    );
  }
  if (status === "suspended") {
    return (
      <div className="state-banner banner" data-tone="warning" role="status">
        <StatusMark mark="warning" />
        <div><strong>{me.organization?.displayName} is suspended.</strong> <span className="muted">Watching has stopped; nothing is lost. {me.organization?.suspendReason === "billing" ? "It goes on when the invoice is paid." : "Ask us for the reason."}</span></div>
      </div>
    );
  }
  return null;
}
