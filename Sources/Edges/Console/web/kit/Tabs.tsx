import { useLayoutEffect, useRef } from "react";
import { Link } from "./router";

export interface Tab { to: string; label: string; count?: number; hidden?: boolean }

/** Sections of one subject, each with an address of its own. */
export function Tabs({ label, tabs, current }: { label: string; tabs: readonly Tab[]; current: string }): JSX.Element {
  const bar = useRef<HTMLElement>(null);
  // on a phone the bar is wider than the screen: the section one is in must be in sight
  useLayoutEffect(() => {
    const here = bar.current?.querySelector<HTMLElement>("[aria-current]");
    if (bar.current && here) bar.current.scrollLeft = here.offsetLeft - (bar.current.clientWidth - here.offsetWidth) / 2;
  }, [current]);
  return (
    <nav className="tabs" aria-label={label} ref={bar}>
      {tabs.filter((tab) => !tab.hidden).map((tab) => (
        <Link key={tab.to} to={tab.to} aria-current={tab.to === current ? "page" : undefined} keepScroll>
          {tab.label}{tab.count !== undefined && <> <span className="count">{tab.count}</span></>}
        </Link>
      ))}
    </nav>
  );
}
