// The organisation itself: its name, what becomes of it, and who from outside may look in.
import { useQuery } from "../../kit/cache";
import { useTitle } from "../../kit/router";
import { Denied } from "../../kit/states";
import { Tabs } from "../../kit/Tabs";
import { Wait } from "../../kit/Wait";
import { may, Me, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { EndCard, ExportCard, LeaveCard } from "./EndCards";
import { FactsCard, NameCard } from "./GeneralCards";
import { Providers } from "./Providers";

export interface OrganisationDetail {
  id: string; slug: string; displayName: string; role: string; status: string; suspendReason?: string; createdAt: string; memberCount: number; pendingInvitationCount: number;
  deletionRequestedAt?: string; deleteAfter?: string; retentionDays?: number;
}

export const organisationPath = (me: Me): string => `/api/orgs/${me.organization?.id ?? ""}`;

export function Settings({ section }: { section: "general" | "providers" }): JSX.Element {
  useTitle("Settings");
  const me = useMe();
  const path = section === "general" ? "/settings" : "/settings/providers";
  return (
    <Page title="Settings" narrow sub={<p className="page-sub">Of {me.organization?.displayName}.</p>}>
      <Tabs label="Sections" current={path} tabs={[{ to: "/settings", label: "General" }, { to: "/settings/providers", label: "Providers", hidden: !may(me, "read:providers") }]} />
      {section === "general" ? <General me={me} /> : <Providers />}
    </Page>
  );
}

function General({ me }: { me: Me }): JSX.Element {
  const mayRead = may(me, "read:org") || me.organization?.status !== "active";
  const detail = useQuery<OrganisationDetail>(mayRead ? organisationPath(me) : undefined);
  if (!mayRead) return <Denied what="settings" need="read:org" />;
  return (
    <div className="settings">
      <Wait query={detail} what="The settings">
        {(organisation) => (
          <div className="stack stack-6">
            {organisation.status !== "pending_deletion" && may(me, "manage:org") && <NameCard organisation={organisation} />}
            <FactsCard organisation={organisation} />
            {organisation.role === "owner" && <ExportCard organisation={organisation} />}
            {organisation.status !== "pending_deletion" && <LeaveCard organisation={organisation} />}
            {(organisation.role === "owner" || organisation.status === "pending_deletion") && <EndCard organisation={organisation} />}
          </div>
        )}
      </Wait>
    </div>
  );
}
