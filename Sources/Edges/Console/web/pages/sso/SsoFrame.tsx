import { ReactNode } from "react";
import { useTitle } from "../../kit/router";
import { Denied } from "../../kit/states";
import { Tabs } from "../../kit/Tabs";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";

/** The pages of single sign-on: who lets people in, whose addresses are whose, the way past, the directory, and what was tried. */
export function SsoFrame({ current, actions, children }: { current: string; actions?: ReactNode; children: ReactNode }): JSX.Element {
  useTitle("Single sign-on");
  const me = useMe(), mayRead = may(me, "read:security");
  return (
    <Page title="Single sign-on" narrow sub={<p className="page-sub">Your people sign in where they always do. In every plan.</p>} actions={mayRead && actions}>
      <Tabs label="Single sign-on" current={current} tabs={[
        { to: "/sso", label: "Providers" }, { to: "/sso/domains", label: "Domains" }, { to: "/sso/break-glass", label: "Break-glass", hidden: !may(me, "own:org") },
        { to: "/sso/directory", label: "Directory" }, { to: "/sso/log", label: "Log" },
      ]} />
      {mayRead ? children : <Denied what="single sign-on" need="read:security" />}
    </Page>
  );
}
