// The frame of every page after sign-in: navigation, organisation, ribbon, palette, keys.
import { ReactNode, useEffect, useRef, useState } from "react";
import { Button } from "../kit/Button";
import { Icon } from "../kit/Icon";
import { modKey, useKeys } from "../kit/keys";
import { preferences } from "../kit/preferences";
import { Link, navigate, usePlace } from "../kit/router";
import { sections } from "../live/sections";
import { initials, may, personName, useMe } from "../session/session";
import { Destination, isIn, organisationPages, Overlay, pagesAtFoot, pagesWithKeys, watchingPages } from "./destinations";
import { KeysDialog } from "./KeysDialog";
import { NewOrganisation } from "./NewOrganisation";
import { OrgSwitch } from "./OrgSwitch";
import { Palette } from "./Palette";
import { Ribbon } from "./Ribbon";
import { StateBanner } from "./StateBanner";

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
  const me = useMe(), mayConnect = me.organization !== null && may(me, "manage:connections");
  useKeys({
    "mod+k": () => setOverlay("palette"), "?": () => setOverlay("keys"), "g p": () => navigate("/profile"), "g d": () => navigate(sections.disks.path),
    ...Object.fromEntries(pagesWithKeys.flatMap(({ to, keys }) => keys ? [[keys.toLowerCase(), () => navigate(to)]] : [])),
    // not from under a dialog: what it shows once would be lost
    ...mayConnect && { c: () => { if (!document.querySelector("[aria-modal=true]")) navigate("/connections/new"); } },
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
        <div className="main" ref={main}><Ribbon /><StateBanner />{children}</div>
        <TabBar path={path} />
      </div>
      {overlay === "palette" && <Palette onClose={close} open={setOverlay} />}
      {overlay === "keys" && <KeysDialog mayConnect={mayConnect} onClose={close} />}
      {overlay === "organisation" && <NewOrganisation onClose={close} />}
    </>
  );
}

function SideNav({ path, open }: { path: string; open: (overlay: Overlay) => void }): JSX.Element {
  const me = useMe();
  const name = personName(me), pages = organisationPages(me);
  return (
    <nav className="nav" aria-label="Main">
      <OrgSwitch open={open} />
      <button type="button" className="nav-search" onClick={() => open("palette")} aria-label="Find or do">
        <Icon name="search" /><span className="grow">Find or do…</span><span className="kbd">{modKey}K</span>
      </button>
      <div className="nav-scroll">
        {watchingPages.map((item) => <NavItem key={item.to} item={item} path={path} />)}
        {pages.length > 0 && <div className="nav-label">Organisation</div>}
        {pages.map((item) => <NavItem key={item.to} item={item} path={path} />)}
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

function NavItem({ item, path }: { item: Destination; path: string }): JSX.Element {
  return (
    <Link to={item.to} className="nav-item" aria-current={isIn(path, item.to) ? "page" : undefined} title={item.keys ? `${item.label}, ${item.keys}` : item.label}>
      <Icon name={item.icon} /><span className="nav-text">{item.label}</span>
    </Link>
  );
}

/** Everything else is behind the last one. */
function TabBar({ path }: { path: string }): JSX.Element {
  const isElsewhere = !pagesAtFoot.some((item) => isIn(path, item.to));
  return (
    <nav className="tabbar" aria-label="Main, at the foot">
      {pagesAtFoot.map((item) => (
        <Link key={item.to} to={item.to} aria-current={isIn(path, item.to) ? "page" : undefined}><Icon name={item.icon} />{item.label}</Link>
      ))}
      <Link to="/more" aria-current={isElsewhere ? "page" : undefined}><Icon name="more" />More</Link>
    </nav>
  );
}

export { Page } from "../kit/Page";
