// Which page of the operators' console for which address.
import { useEffect } from "react";
import { useAfter } from "../kit/after";
import { Page } from "../kit/Page";
import { Link, match, navigate, safePath, usePlace } from "../kit/router";
import { Empty, Failed } from "../kit/states";
import { Toasts } from "../kit/Toast";
import { Log } from "./Log";
import { OperatorShell } from "./OperatorShell";
import { Operators } from "./Operators";
import { Organisation } from "./Organisation";
import { Organisations } from "./Organisations";
import { loadOperator, useOperatorSession } from "./session";
import { SetUp } from "./SetUp";
import { SignIn } from "./SignIn";
import { SupportAccess } from "./SupportAccess";
import { View } from "./View";

export function OperatorApp(): JSX.Element {
  return <><Pages /><Toasts /></>;
}

function Pages(): JSX.Element {
  const { path, query } = usePlace();
  const session = useOperatorSession();
  const next = safePath(query.get("next"), "/orgs");
  if (path === "/setup") return <SetUp />;
  if (path === "/login") return session.kind === "signedIn" ? <Redirect to={next} /> : <SignIn next={next} told={query} />;
  switch (session.kind) {
    case "loading": return <Blank />;
    case "failed": return <main className="page"><Failed title="The console could not be opened" problem={session.problem} nextTry={session.nextTry} retry={() => void loadOperator()} aside="Customers are not touched by this." /></main>;
    case "signedOut": return <><Redirect to={path === "/" ? "/login" : `/login?next=${encodeURIComponent(location.pathname + location.search)}`} /><Blank /></>;
    case "signedIn": return <OperatorShell><Inside path={path} /></OperatorShell>;
  }
}

function Inside({ path }: { path: string }): JSX.Element {
  switch (path) {
    case "/": return <Redirect to="/orgs" />;
    case "/orgs": return <Organisations />;
    case "/support": return <SupportAccess />;
    case "/operators": return <Operators />;
    case "/audit": return <Log />;
  }
  const organisation = match("/orgs/{id}", path)?.["id"];
  if (organisation) return <Organisation id={organisation} />;
  const viewed = match("/orgs/{id}/view", path) ?? match("/orgs/{id}/view/{section}", path);
  if (viewed?.["id"]) return <View id={viewed["id"]} section={viewed["section"] ?? "machines"} />;
  return <Page title="There is no such page"><Empty icon="search" title="Nothing is here" actions={<Link className="btn" to="/orgs">Go to the organisations</Link>}>The address may be cut off.</Empty></Page>;
}

function Blank(): JSX.Element {
  const isSlow = useAfter(400, true);
  return <main className="page"><p className="faint" role="status">{isSlow ? "Loading…" : ""}</p></main>;
}

function Redirect({ to }: { to: string }): null {
  useEffect(() => navigate(to, { replace: true }), [to]);
  return null;
}
