// Finds any machine and does any action, from everywhere.
import { KeyboardEvent, ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { useBorrowedFocus } from "../kit/focus";
import { Icon, IconName } from "../kit/Icon";
import { preferences, shownTheme } from "../kit/preferences";
import { navigate } from "../kit/router";
import { Status, statusOf } from "../kit/Status";
import { resources } from "../live/live";
import { displayName, kindIcon, Resource } from "../live/resource";
import { resourcePath, sections } from "../live/sections";
import { matches } from "../pages/inventory/search";
import { logOut, may, Me, switchOrganisation, useMe } from "../session/session";
import { Destination, organisationPages, Overlay, watchingPages } from "./destinations";

interface Item { key: string; group: string; icon: IconName; title: string; trail?: ReactNode; run: () => void }

const mostMachines = 8;

export function Palette({ onClose, open }: { onClose: () => void; open: (overlay: Overlay) => void }): JSX.Element {
  const me = useMe();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const panel = useRef<HTMLDivElement>(null);
  useBorrowedFocus(panel, (container) => container.querySelector("input"));
  const items = useMemo(() => found(text, me, open), [text, me, open]);
  const current = Math.min(at, items.length - 1);
  useEffect(() => { document.getElementById(`palette-${current}`)?.scrollIntoView({ block: "nearest" }); }, [current]);

  function run(item: Item | undefined): void {
    if (!item) return;
    onClose();
    item.run();
  }

  function press(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[event.key];
    if (step !== undefined && items.length > 0) { event.preventDefault(); setAt((current + step + items.length) % items.length); }
    else if (event.key === "Enter") { event.preventDefault(); run(items[current]); }
    else if (event.key === "Escape") { event.stopPropagation(); event.nativeEvent.stopImmediatePropagation(); event.preventDefault(); onClose(); }
    else if (event.key === "Tab") event.preventDefault();
  }

  return createPortal(
    <div className="overlay" onPointerDown={(event) => { if (event.target === event.currentTarget) onClose(); }}>
      <div className="palette" role="dialog" aria-modal="true" aria-label="Find or do" ref={panel} onKeyDown={press}>
        <div className="palette-input">
          <Icon name="search" />
          <input
            value={text} onChange={(event) => { setText(event.currentTarget.value); setAt(0); }} aria-label="Find or do" placeholder="A machine, a page, something to do"
            role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" autoComplete="off" spellCheck={false}
            aria-activedescendant={items.length > 0 ? `palette-${current}` : undefined}
          />
          <span className="kbd">Esc</span>
        </div>
        <div className="palette-list" role="listbox" id="palette-list" aria-label="Results">
          {items.map((item, index) => (
            <div key={item.key} role="presentation">
              {items[index - 1]?.group !== item.group && <div className="palette-label" role="presentation">{item.group}</div>}
              <div className="palette-item" id={`palette-${index}`} role="option" aria-selected={index === current} onPointerMove={() => setAt(index)} onClick={() => run(item)}>
                <Icon name={item.icon} /><span className="truncate"><Marked text={item.title} part={text} /></span>
                {item.trail && <span className="trail">{item.trail}</span>}
              </div>
            </div>
          ))}
          {items.length === 0 && <div className="palette-label" role="option" aria-selected="false" aria-disabled="true">Nothing matches “{text}”.</div>}
        </div>
      </div>
    </div>, document.body);
}

function Marked({ text, part }: { text: string; part: string }): JSX.Element {
  const at = part.trim() ? text.toLowerCase().indexOf(part.trim().toLowerCase()) : -1;
  if (at < 0) return <>{text}</>;
  const end = at + part.trim().length;
  return <>{text.slice(0, at)}<mark>{text.slice(at, end)}</mark>{text.slice(end)}</>;
}

function found(text: string, me: Me, open: (overlay: Overlay) => void): Item[] {
  const wanted = text.trim().toLowerCase();
  const rest = [...actions(me, open), ...places(me), ...organisations(me)];
  return [...machines(wanted), ...rest.filter((item) => item.title.toLowerCase().includes(wanted))];
}

function machines(wanted: string): Item[] {
  const items: Item[] = [];
  const hits: Resource[] = [];
  for (const resource of resources.values()) {
    if (wanted && !matches(resource, wanted)) continue;
    hits.push(resource);
    if (hits.length >= 200) break;
  }
  hits.sort((a, b) => rank(a, wanted) - rank(b, wanted) || displayName(a).localeCompare(displayName(b)));
  for (const resource of hits.slice(0, mostMachines)) {
    items.push({
      key: resource.id, group: "Machines", icon: kindIcon(resource), title: displayName(resource),
      trail: <Status mark={statusOf(resource).mark}>{statusOf(resource).word}</Status>,
      run: () => navigate(resourcePath(resource)),
    });
  }
  return items;
}

/** Names that begin with the words, then names that contain them, then matches by address, tag or system. */
function rank(resource: Resource, wanted: string): number {
  const at = displayName(resource).toLowerCase().indexOf(wanted);
  return at === 0 ? 0 : at > 0 ? 1 : 2;
}

function actions(me: Me, open: (overlay: Overlay) => void): Item[] {
  const isDark = shownTheme(preferences.get().theme) === "dark", isCompact = preferences.get().density === "compact";
  const group = "Do";
  return [
    { key: "add", group, icon: "plus", title: "Add a machine", run: () => navigate("/onboarding") },
    ...may(me, "manage:connections") ? [{ key: "add-connection", group, icon: "plug" as IconName, title: "Add a connection", run: () => navigate("/connections/new") }] : [],
    { key: "theme", group, icon: "sun", title: isDark ? "Switch to the light theme" : "Switch to the dark theme", run: preferences.toggleTheme },
    { key: "density", group, icon: "list", title: isCompact ? "Comfortable rows" : "Compact rows", run: () => preferences.set({ density: isCompact ? "comfortable" : "compact" }) },
    { key: "new-org", group, icon: "building", title: "New organisation", run: () => open("organisation") },
    { key: "keys", group, icon: "key", title: "Show the keys", trail: <span className="kbd">?</span>, run: () => open("keys") },
    { key: "out", group, icon: "ext", title: "Log out", run: () => void logOut() },
  ];
}

function pageItem(page: Destination): Item {
  return {
    key: page.to, group: "Go to", icon: page.icon, title: page.label, run: () => navigate(page.to),
    trail: page.keys && <>{page.keys.split(" ").map((key) => <span className="kbd" key={key}>{key}</span>)}</>,
  };
}

function places(me: Me): Item[] {
  const group = "Go to";
  return [
    ...[...watchingPages, { to: sections.disks.path, label: sections.disks.title, icon: sections.disks.icon, keys: sections.disks.keys }].map(pageItem),
    { key: "offline", group: "Go to", icon: "server", title: "Infrastructure, offline only", run: () => navigate("/infrastructure?status=offline") },
    { key: "profile", group: "Go to", icon: "sliders", title: "Profile and sessions", trail: <><span className="kbd">G</span><span className="kbd">P</span></>, run: () => navigate("/profile") },
    { key: "security", group, icon: "lock", title: "Password and second factor", run: () => navigate("/profile/security") },
    { key: "systems", group, icon: "server", title: "What counts as a system", run: () => navigate("/systems") },
    ...organisationPages(me).map(pageItem),
    ...may(me, "read:roles") ? [{ key: "roles", group, icon: "shield" as IconName, title: "Roles and permissions", run: () => navigate("/members/roles") }] : [],
    ...may(me, "read:tokens") ? [{ key: "tokens", group, icon: "key" as IconName, title: "API tokens", run: () => navigate("/members/tokens") }] : [],
  ];
}

function organisations(me: Me): Item[] {
  return me.organizations.filter((item) => item.id !== me.organization?.id).map((item) => ({
    key: item.id, group: "Organisations", icon: "building" as IconName, title: `Switch to ${item.displayName}`, run: () => void switchOrganisation(item.id),
  }));
}
