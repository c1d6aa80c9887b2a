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
import { issuersPath } from "./issuer";
import { KeysCards } from "./Keys";
import { ImportCard } from "./ImportCard";
import { keysPath } from "./keyState";
import { OrganisationDetail, organisationPath } from "./organisation";
import { Providers } from "./Providers";
import { Sharing } from "./Sharing";
import { policyPath, SignInCard } from "./SignInCard";
import { SupportAccess } from "./SupportAccess";
import { IssuersCard } from "./TrustedIssuers";

export type Section = "general" | "security" | "providers" | "sharing" | "support-access";

export function Settings({ section }: { section: Section }): JSX.Element {
  useTitle("Settings");
  const me = useMe();
  const path = section === "general" ? "/settings" : `/settings/${section}`;
  return (
    <Page title="Settings" narrow sub={<p className="page-sub">Of {me.organization?.displayName}.</p>}>
      <Tabs label="Sections" current={path} tabs={[{ to: "/settings", label: "General" }, { to: "/settings/security", label: "Keys and sign-in", hidden: !may(me, "read:keys") && !may(me, "read:security") }, { to: "/settings/providers", label: "Providers", hidden: !may(me, "read:providers") }, { to: "/settings/sharing", label: "Sharing", hidden: !may(me, "read:sharing") }, { to: "/settings/support-access", label: "Support access", hidden: !may(me, "read:providers") }]} />
      <Body section={section} me={me} />
    </Page>
  );
}

function Body({ section, me }: { section: Section; me: Me }): JSX.Element {
  switch (section) {
    case "general": return <General me={me} />;
    case "security": return <KeysAndSignIn me={me} />;
    case "providers": return <Providers />;
    case "sharing": return <Sharing />;
    case "support-access": return <SupportAccess />;
  }
}

function KeysAndSignIn({ me }: { me: Me }): JSX.Element {
  const mayKeys = may(me, "read:keys"), mayPolicy = may(me, "read:security");
  const keys = useQuery(mayKeys ? keysPath : undefined), policy = useQuery(mayPolicy ? policyPath : undefined), issuers = useQuery(mayPolicy ? issuersPath : undefined);
  // all at once, so that none pushes another
  const isReady = (!mayKeys || keys.data || keys.problem) && (!mayPolicy || (policy.data || policy.problem) && (issuers.data || issuers.problem));
  if (!mayKeys && !mayPolicy) return <Denied what="keys and sign-in rules" need="read:keys" />;
  if (!isReady) return <div className="settings"><LoadingTable /></div>;
  return <div className="stack stack-6 settings">{mayPolicy && <SignInCard />}{mayKeys && <KeysCards />}{mayPolicy && <IssuersCard />}</div>;
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
            {organisation.role === "owner" && organisation.status === "active" && organisation.memberCount === 1 && <ImportCard organisation={organisation} />}
            {organisation.status !== "pending_deletion" && <LeaveCard organisation={organisation} />}
            {(organisation.role === "owner" || organisation.status === "pending_deletion") && <EndCard organisation={organisation} />}
          </div>
        )}
      </Wait>
    </div>
  );
}
