// The frame of the operators' console: dark navigation in both themes and a line at the top, so that nobody takes it for
// a customer's. No organisation is chosen here and nothing is live.
import { ReactNode, useEffect, useRef } from "react";
import { Button } from "../kit/Button";
import { Icon, IconName } from "../kit/Icon";
import { initials } from "../kit/initials";
import { useKeys } from "../kit/keys";
import { preferences } from "../kit/preferences";
import { Link, navigate, usePlace } from "../kit/router";
import { isAdmin, signOut, useOperator } from "./session";
import { roleWord } from "./wire";

interface Destination { to: string; label: string; short: string; icon: IconName; keys: string; adminOnly?: boolean }
const pages: readonly Destination[] = [
  { to: "/orgs", label: "Organisations", short: "Organisations", icon: "building", keys: "G O" },
  { to: "/support", label: "Support access", short: "Support", icon: "eye", keys: "G S" },
  { to: "/audit", label: "Operators' log", short: "Log", icon: "shield", keys: "G L", adminOnly: true },
  { to: "/operators", label: "Operators", short: "Operators", icon: "users", keys: "G P", adminOnly: true },
];

export function OperatorShell({ children }: { children: ReactNode }): JSX.Element {
  const { path } = usePlace();
  const operator = useOperator();
  const main = useRef<HTMLDivElement>(null);
  const last = useRef(path);
  const shown = pages.filter((page) => !page.adminOnly || isAdmin(operator));
  useEffect(() => {
    if (last.current !== path) main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    last.current = path;
  }, [path]);
  useKeys(Object.fromEntries(shown.map((page) => [page.keys.toLowerCase(), () => navigate(page.to)])));
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <div className="app operator">
        <nav className="nav" aria-label="Main" data-theme="dark">
          <Place />
          <div className="nav-scroll">
            {shown.map((page) => <NavItem key={page.to} page={page} path={path} />)}
          </div>
          <div className="nav-foot">
            <span className="row grow account"><span className="avatar" aria-hidden="true">{initials(operator.displayName)}</span><span className="truncate nav-text">{operator.displayName}</span></span>
            <Button small tone="quiet" icon="sun" iconOnly label="Switch theme" onClick={preferences.toggleTheme} />
            <Button small tone="quiet" icon="ext" iconOnly label="Sign out" onClick={() => void signOut()} />
          </div>
        </nav>
        <header className="topbar" data-theme="dark">
          <Place />
          <Button tone="quiet" icon="sun" iconOnly label="Switch theme" onClick={preferences.toggleTheme} />
          <Button tone="quiet" icon="ext" iconOnly label="Sign out" onClick={() => void signOut()} />
        </header>
        <div className="main" ref={main}>
          <aside className="ribbon" aria-label="Whose page this is"><Icon name="eye" small /><span>Operator view. Whatever you open about a customer is written into their own log.</span></aside>
          {children}
        </div>
        <nav className="tabbar" aria-label="Main, at the foot">
          {shown.map((page) => <Link key={page.to} to={page.to} aria-current={isIn(path, page.to) ? "page" : undefined}><Icon name={page.icon} />{page.short}</Link>)}
        </nav>
      </div>
    </>
  );
}

const isIn = (path: string, to: string): boolean => path === to || path.startsWith(`${to}/`);

function Place(): JSX.Element {
  const operator = useOperator();
  return (
    <div className="org-switch place">
      <span className="avatar avatar-org" aria-hidden="true">P</span>
      <span className="grow nav-text"><span className="org-name truncate">Pulse operations</span><span className="org-plan">You are {roleWord(operator.role)}</span></span>
    </div>
  );
}

function NavItem({ page, path }: { page: Destination; path: string }): JSX.Element {
  return (
    <Link to={page.to} className="nav-item" aria-current={isIn(path, page.to) ? "page" : undefined} title={`${page.label}, ${page.keys}`}>
      <Icon name={page.icon} /><span className="nav-text">{page.label}</span>
    </Link>
  );
}
