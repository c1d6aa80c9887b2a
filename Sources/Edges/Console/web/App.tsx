// Which page for which address.
import { useEffect } from "react";
import { home, match, navigate, safePath, usePlace } from "./kit/router";
import { Failed } from "./kit/states";
import { Toasts } from "./kit/Toast";
import { useAfter } from "./live/live";
import { sectionNames, sections } from "./live/sections";
import { AcceptInvitation } from "./pages/account/AcceptInvitation";
import { BreakGlassLogIn } from "./pages/account/BreakGlassLogIn";
import { CheckMail } from "./pages/account/CheckMail";
import { ForgotPassword } from "./pages/account/ForgotPassword";
import { LogIn } from "./pages/account/LogIn";
import { MagicLink } from "./pages/account/MagicLink";
import { Profile } from "./pages/account/Profile";
import { ResetPassword } from "./pages/account/ResetPassword";
import { Security } from "./pages/account/Security";
import { SetPassword } from "./pages/account/SetPassword";
import { SignUp } from "./pages/account/SignUp";
import { Audit } from "./pages/audit/Audit";
import { AddConnection } from "./pages/connections/AddConnection";
import { Connections } from "./pages/connections/Connections";
import { EditConnection } from "./pages/connections/EditConnection";
import { Gateways } from "./pages/connections/Gateways";
import { Inventory } from "./pages/inventory/Inventory";
import { Dashboard } from "./pages/dashboard/Dashboard";
import { EnrolmentTokens } from "./pages/members/EnrolmentTokens";
import { Members } from "./pages/members/Members";
import { Roles } from "./pages/members/Roles";
import { Tokens } from "./pages/members/Tokens";
import { More } from "./pages/More";
import { NoOrganisation } from "./pages/NoOrganisation";
import { NotFound } from "./pages/NotFound";
import { Onboarding } from "./pages/onboarding/Onboarding";
import { Resting } from "./pages/organisation/Resting";
import { Settings } from "./pages/organisation/Settings";
import { Customers } from "./pages/provider/Customers";
import { Sites } from "./pages/sites/Sites";
import { BreakGlass } from "./pages/sso/BreakGlass";
import { Directory } from "./pages/sso/Directory";
import { Domains } from "./pages/sso/Domains";
import { Log } from "./pages/sso/Log";
import { NewProvider } from "./pages/sso/NewProvider";
import { ProviderPage } from "./pages/sso/ProviderPage";
import { Providers as SsoProviders } from "./pages/sso/Providers";
import { Systems } from "./pages/systems/Systems";
import { TimelinePage } from "./pages/timeline/TimelinePage";
import { StepUp } from "./session/fresh";
import { isWatched, loadSession, Me, useSession } from "./session/session";
import { Shell } from "./shell/Shell";

export function App(): JSX.Element {
  return <><Pages /><StepUp /><Toasts /></>;
}

function Pages(): JSX.Element {
  const { path, query } = usePlace();
  const session = useSession();
  switch (path) {
    case "/signup": return <SignUp />;
    case "/check-mail": return <CheckMail />;
    case "/set-password": return <SetPassword token={query.get("token") ?? ""} />;
    case "/accept-invitation": return <AcceptInvitation token={query.get("token") ?? ""} />;
    case "/forgot-password": return <ForgotPassword />;
    case "/reset-password": return <ResetPassword token={query.get("token") ?? ""} />;
    case "/magic-link": return <MagicLink token={query.get("token") ?? ""} />;
    case "/login/break-glass": return <BreakGlassLogIn />;
    case "/login": return session.kind === "signedIn" ? <Redirect to={safePath(query.get("next"))} /> : <LogIn error={query.get("error")} next={query.get("next")} />;
  }
  switch (session.kind) {
    case "loading": return <Blank />;
    case "failed": return <main className="page"><Failed title="The console could not be opened" problem={session.problem} nextTry={session.nextTry} retry={() => void loadSession()} aside="Agents keep what they measure meanwhile." /></main>;
    case "signedOut": return <ToLogin path={path} />;
    case "signedIn": return <Shell><Inside path={path} me={session.me} /></Shell>;
  }
}

function Inside({ path, me }: { path: string; me: Me }): JSX.Element {
  if (path === "/profile") return <Profile />;
  if (path === "/profile/security") return <Security />;
  if (path === "/more") return <More />;
  if (!me.organization) return <NoOrganisation />;
  if (!isWatched(me.organization) && !path.startsWith("/settings")) return <Resting />;
  if (path === "/") return <Redirect to={home} />;
  for (const name of sectionNames) {
    const { path: list } = sections[name];
    if (path === list) return <Inventory key={name} name={name} open={undefined} />;
    const thing = match(`${list}/{id}`, path);
    if (thing) return <Inventory key={name} name={name} open={thing["id"]} />;
  }
  return <OrganisationPage path={path} />;
}

function OrganisationPage({ path }: { path: string }): JSX.Element {
  switch (path) {
    case home: return <Dashboard />;
    case "/timeline": return <TimelinePage />;
    case "/systems": return <Systems />;
    case "/onboarding": return <Onboarding />;
    case "/members": return <Members open={undefined} />;
    case "/members/roles": return <Roles open={undefined} />;
    case "/members/tokens": return <Tokens />;
    case "/members/enrolment": return <EnrolmentTokens />;
    case "/sites": return <Sites />;
    case "/connections": return <Connections open={undefined} />;
    case "/connections/gateways": return <Gateways />;
    case "/connections/new": return <AddConnection kind={undefined} />;
    case "/audit": return <Audit open={undefined} />;
    case "/customers": return <Customers />;
    case "/sso": return <SsoProviders />;
    case "/sso/new": return <NewProvider />;
    case "/sso/directory": return <Directory />;
    case "/sso/log": return <Log />;
    case "/sso/domains": return <Domains />;
    case "/sso/break-glass": return <BreakGlass />;
    case "/settings": return <Settings section="general" />;
    case "/settings/security": return <Settings section="security" />;
    case "/settings/providers": return <Settings section="providers" />;
    case "/settings/sharing": return <Settings section="sharing" />;
    case "/settings/support-access": return <Settings section="support-access" />;
  }
  const vendor = match("/sso/new/{vendor}", path)?.["vendor"];
  if (vendor) return <ProviderPage key={vendor} vendor={vendor} />;
  const provider = match("/sso/{id}", path)?.["id"];
  if (provider) return <ProviderPage key={provider} id={provider} />;
  const adding = match("/connections/new/{kind}", path)?.["kind"];
  if (adding) return <AddConnection key={adding} kind={adding} />;
  const editing = match("/connections/{id}/edit", path)?.["id"];
  if (editing) return <EditConnection key={editing} id={editing} />;
  const connection = match("/connections/{id}", path)?.["id"];
  if (connection) return <Connections open={connection} />;
  const role = match("/members/roles/{id}", path)?.["id"];
  if (role) return <Roles open={role} />;
  const member = match("/members/{id}", path)?.["id"];
  if (member) return <Members open={member} />;
  const entry = match("/audit/{id}", path)?.["id"];
  return entry ? <Audit open={entry} /> : <NotFound path={path} />;
}

/** Nothing for a moment: most answers are there before a spinner would be seen. */
function Blank(): JSX.Element {
  const isSlow = useAfter(400, true);
  return <main className="page"><p className="faint" role="status">{isSlow ? "Loading…" : ""}</p></main>;
}

function Redirect({ to }: { to: string }): null {
  useEffect(() => navigate(to, { replace: true }), [to]);
  return null;
}

function ToLogin({ path }: { path: string }): JSX.Element {
  const target = path === "/" ? "/login" : `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
  return <><Redirect to={target} /><Blank /></>;
}
