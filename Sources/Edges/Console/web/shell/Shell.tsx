// The frame of every page after sign-in: navigation, organisation, ribbon, palette, keys.
import { ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "../kit/Button";
import { Icon, IconName } from "../kit/Icon";
import { modKey, useKeys } from "../kit/keys";
import { preferences } from "../kit/preferences";
import { Link, navigate, usePlace } from "../kit/router";
import { initials, personName, useMe } from "../session/session";
import { KeysDialog } from "./KeysDialog";
import { NewOrganisation } from "./NewOrganisation";
import { OrgSwitch } from "./OrgSwitch";
import { Palette } from "./Palette";
import { Ribbon } from "./Ribbon";

interface Destination { to: string; label: string; icon: IconName; keys?: string }
/** Only what exists is offered. */
const destinations: Destination[] = [
  { to: "/infrastructure", label: "Infrastructure", icon: "server", keys: "G I" },
  { to: "/onboarding", label: "Add a machine", icon: "plus" },
];
const isIn = (path: string, to: string): boolean => path === to || path.startsWith(`${to}/`);

export type Overlay = "palette" | "keys" | "organisation" | undefined;

export function Shell({ children }: { children: ReactNode }): JSX.Element {
  const { path } = usePlace();
  const [overlay, setOverlay] = useState<Overlay>();
  const main = useRef<HTMLDivElement>(null);
  const section = path.split("/")[1];
  const lastSection = useRef(section);
  useEffect(() => {
    if (lastSection.current !== section) main.current?.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    lastSection.current = section;
  }, [section]);
  useKeys({
    "mod+k": () => setOverlay("palette"), "?": () => setOverlay("keys"), "g i": () => navigate("/infrastructure"), "g t": () => navigate("/profile"),
  });
  const close = (): void => setOverlay(undefined);
  return (
    <>
      <a className="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <div className="app">
        <SideNav path={path} open={setOverlay} />
        <header className="topbar">
          <OrgSwitch open={setOverlay} />
          <Button tone="quiet" icon="search" iconOnly label="Find or do" onClick={() => setOverlay("palette")} />
          <Button tone="quiet" icon="sun" iconOnly label="Switch theme" onClick={preferences.toggleTheme} />
        </header>
        <div className="main" ref={main}><Ribbon />{children}</div>
        <TabBar path={path} />
      </div>
      {overlay === "palette" && <Palette onClose={close} open={setOverlay} />}
      {overlay === "keys" && <KeysDialog onClose={close} />}
      {overlay === "organisation" && <NewOrganisation onClose={close} />}
    </>
  );
}

function SideNav({ path, open }: { path: string; open: (overlay: Overlay) => void }): JSX.Element {
  const me = useMe();
  const name = personName(me);
  return (
    <nav className="nav" aria-label="Main">
      <OrgSwitch open={open} />
      <button type="button" className="nav-search" onClick={() => open("palette")} aria-label="Find or do">
        <Icon name="search" /><span className="grow">Find or do…</span><span className="kbd">{modKey}K</span>
      </button>
      <div className="nav-scroll">
        {destinations.map((item) => (
          <Link key={item.to} to={item.to} className="nav-item" aria-current={isIn(path, item.to) ? "page" : undefined} title={item.keys ? `${item.label}, ${item.keys}` : item.label}>
            <Icon name={item.icon} /><span className="nav-text">{item.label}</span>
          </Link>
        ))}
      </div>
      <div className="nav-foot">
        <Link to="/profile" className="row grow account" aria-label={`Account: ${name}`} aria-current={isIn(path, "/profile") ? "page" : undefined}>
          <span className="avatar" aria-hidden="true">{initials(name)}</span><span className="truncate">{name}</span>
        </Link>
        <Button small tone="quiet" icon="sun" iconOnly label="Switch theme" onClick={preferences.toggleTheme} />
      </div>
    </nav>
  );
}

function TabBar({ path }: { path: string }): JSX.Element {
  const tabs = [...destinations, { to: "/profile", label: "Profile", icon: "sliders" as IconName }];
  return (
    <nav className="tabbar" aria-label="Main, at the foot">
      {tabs.map((item) => (
        <Link key={item.to} to={item.to} aria-current={isIn(path, item.to) ? "page" : undefined}><Icon name={item.icon} />{item.label}</Link>
      ))}
    </nav>
  );
}

/** The page inside the frame. Its title takes the focus when the person comes from another page. */
export function Page({ title, count, sub, aside, actions, narrow, keep, children }: {
  title: string; count?: ReactNode; sub?: ReactNode; aside?: ReactNode; actions?: ReactNode; narrow?: boolean; keep?: boolean; children: ReactNode;
}): JSX.Element {
  return (
    <main className={narrow ? "page page-narrow" : "page"} id="main" tabIndex={-1}>
      <header className={keep ? "page-head keep" : "page-head"}>
        <div className="grow">
          <h1 className="page-title" tabIndex={-1}>{title}{count !== undefined && <> <span className="num">{count}</span></>}</h1>
          {sub}
        </div>
        {aside}
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}
