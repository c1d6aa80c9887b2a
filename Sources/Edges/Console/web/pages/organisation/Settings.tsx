// The organisation itself: its name, what becomes of it, and who from outside may look in.
import { useQuery } from "../../kit/cache";
import { useTitle } from "../../kit/router";
import { Denied, LoadingTable } from "../../kit/states";
import { Tabs } from "../../kit/Tabs";
import { Wait } from "../../kit/Wait";
import { may, Me, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { EndCard, ExportCard, LeaveCard } from "./EndCards";
import { FactsCard, NameCard } from "./GeneralCards";
import { KeysCards, keysPath } from "./Keys";
import { Providers } from "./Providers";
import { policyPath, SignInCard } from "./SignInCard";

export interface OrganisationDetail {
  id: string; slug: string; displayName: string; role: string; status: string; suspendReason?: string; createdAt: string; memberCount: number; pendingInvitationCount: number;
  deletionRequestedAt?: string; deleteAfter?: string; retentionDays?: number;
}

export const organisationPath = (me: Me): string => `/api/orgs/${me.organization?.id ?? ""}`;

export function Settings({ section }: { section: "general" | "security" | "providers" }): JSX.Element {
  useTitle("Settings");
  const me = useMe();
  const path = section === "general" ? "/settings" : `/settings/${section}`;
  return (
    <Page title="Settings" narrow sub={<p className="page-sub">Of {me.organization?.displayName}.</p>}>
      <Tabs label="Sections" current={path} tabs={[{ to: "/settings", label: "General" }, { to: "/settings/security", label: "Keys and sign-in", hidden: !may(me, "read:keys") && !may(me, "read:security") }, { to: "/settings/providers", label: "Providers", hidden: !may(me, "read:providers") }]} />
      {section === "general" ? <General me={me} /> : section === "security" ? <KeysAndSignIn me={me} /> : <Providers />}
    </Page>
  );
}

function KeysAndSignIn({ me }: { me: Me }): JSX.Element {
  const mayKeys = may(me, "read:keys"), mayPolicy = may(me, "read:security");
  const keys = useQuery(mayKeys ? keysPath : undefined), policy = useQuery(mayPolicy ? policyPath : undefined);
  // both at once, so that neither pushes the other
  const isReady = (!mayKeys || keys.data || keys.problem) && (!mayPolicy || policy.data || policy.problem);
  if (!mayKeys && !mayPolicy) return <Denied what="keys and sign-in rules" need="read:keys" />;
  if (!isReady) return <div className="settings"><LoadingTable /></div>;
  return <div className="stack stack-6 settings">{mayPolicy && <SignInCard />}{mayKeys && <KeysCards />}</div>;
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
