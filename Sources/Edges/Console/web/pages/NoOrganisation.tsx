import { useState } from "react";
import { Button } from "../kit/Button";
import { useQuery } from "../kit/cache";
import { Icon } from "../kit/Icon";
import { asProblem } from "../kit/problem";
import { useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { toast } from "../kit/Toast";
import { initials, isWatched, switchOrganisation, useMe } from "../session/session";
import { EndingOrganisations } from "./organisation/EndingOrganisations";
import { Incoming, IncomingInvitations, incomingPath } from "./account/IncomingInvitations";
import { NewOrganisation } from "../shell/NewOrganisation";
import { Page } from "../shell/Shell";

/** Signed in, but not in any one organisation: choose, or make the first. */
export function NoOrganisation(): JSX.Element {
  useTitle("Choose an organisation");
  const { organizations } = useMe();
  const invitations = useQuery<Incoming>(incomingPath);
  const [isNew, setNew] = useState(false);
  const enter = (id: string): void => {
    switchOrganisation(id).catch((error: unknown) => toast({ mark: "critical", title: "Not switched", text: asProblem(error).sentence }));
  };
  return (
    <Page title="Choose an organisation" narrow>
      <div className="stack stack-6 settings">
        <div className="card">
          {organizations.length === 0
            ? <Empty icon="building" title="You are in no organisation" actions={<Button tone="primary" label="New organisation" onClick={() => setNew(true)} />}>Make one of your own, or ask a colleague to invite you.</Empty>
            : (
              <div className="picker">
                {organizations.map((item) => (
                  <button key={item.id} type="button" onClick={() => enter(item.id)}>
                    <span className="avatar avatar-org" aria-hidden="true">{initials(item.displayName)}</span><span className="grow truncate">{item.displayName}</span>{!isWatched(item) && <span className="badge">{item.status === "pending_deletion" ? "Being deleted" : "Suspended"}</span>}<Icon name="right" />
                  </button>
                ))}
              </div>
            )}
        </div>
        <EndingOrganisations />
        <IncomingInvitations list={invitations.data?.data ?? []} />
      </div>
      {isNew && <NewOrganisation onClose={() => setNew(false)} />}
    </Page>
  );
}
