import { Link } from "./router";

export interface Tab { to: string; label: string; count?: number; hidden?: boolean }

/** Sections of one subject, each with an address of its own. */
export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }): JSX.Element {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.filter((tab) => !tab.hidden).map((tab) => (
        <Link key={tab.to} to={tab.to} aria-current={tab.to === current ? "page" : undefined} keepScroll>
          {tab.label}{tab.count !== undefined && <> <span className="count">{tab.count}</span></>}
        </Link>
      ))}
    </nav>
  );
}
