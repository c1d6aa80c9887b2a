// Which page for which address.
import { useEffect } from "react";
import { match, navigate, safePath, usePlace } from "./kit/router";
import { Failed } from "./kit/states";
import { Toasts } from "./kit/Toast";
import { useAfter } from "./live/live";
import { CheckMail } from "./pages/account/CheckMail";
import { LogIn } from "./pages/account/LogIn";
import { Profile } from "./pages/account/Profile";
import { SetPassword } from "./pages/account/SetPassword";
import { SignUp } from "./pages/account/SignUp";
import { Infrastructure } from "./pages/infrastructure/Infrastructure";
import { NoOrganisation } from "./pages/NoOrganisation";
import { NotFound } from "./pages/NotFound";
import { Onboarding } from "./pages/onboarding/Onboarding";
import { loadSession, useSession } from "./session/session";
import { Shell } from "./shell/Shell";

export function App(): JSX.Element {
  return <><Pages /><Toasts /></>;
}

function Pages(): JSX.Element {
  const { path, query } = usePlace();
  const session = useSession();
  switch (path) {
    case "/signup": return <SignUp />;
    case "/check-mail": return <CheckMail />;
    case "/set-password": return <SetPassword token={query.get("token") ?? ""} />;
    case "/login": return session.kind === "signedIn" ? <Redirect to={safePath(query.get("next"))} /> : <LogIn error={query.get("error")} next={query.get("next")} />;
  }
  switch (session.kind) {
    case "loading": return <Blank />;
    case "failed": return <main className="page"><Failed title="The console could not be opened" problem={session.problem} nextTry={session.nextTry} retry={() => void loadSession()} aside="Agents keep what they measure meanwhile." /></main>;
    case "signedOut": return <ToLogin path={path} />;
    case "signedIn": return <Shell><Inside path={path} hasOrganisation={session.me.organization !== null} /></Shell>;
  }
}

function Inside({ path, hasOrganisation }: { path: string; hasOrganisation: boolean }): JSX.Element {
  if (path === "/profile") return <Profile />;
  if (!hasOrganisation) return <NoOrganisation />;
  if (path === "/") return <Redirect to="/infrastructure" />;
  if (path === "/infrastructure") return <Infrastructure open={undefined} />;
  const machine = match("/infrastructure/{id}", path);
  if (machine) return <Infrastructure open={machine["id"]} />;
  return path === "/onboarding" ? <Onboarding /> : <NotFound path={path} />;
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
