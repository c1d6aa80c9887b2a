import { ReactNode } from "react";
import { Button } from "../../kit/Button";
import { useTitle } from "../../kit/router";
import { Tabs } from "../../kit/Tabs";
import { logOut, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";

/** What belongs to the person, whichever organisation they are in. */
export function AccountFrame({ current, title, children }: { current: string; title: string; children: ReactNode }): JSX.Element {
  useTitle(title);
  const me = useMe();
  return (
    <Page title="Profile" narrow sub={<p className="page-sub">{me.user.email}</p>} actions={<Button icon="ext" label="Log out" onClick={() => void logOut()} />}>
      <Tabs label="Sections" current={current} tabs={[{ to: "/profile", label: "Profile and sessions" }, { to: "/profile/security", label: "Security" }]} />
      {children}
    </Page>
  );
}
