import { ReactNode } from "react";
import { useTitle } from "../../kit/router";
import { Tabs } from "../../kit/Tabs";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";

/** Members, roles and tokens: who may do what, on one page with three sections. */
export function MembersFrame({ current, sub, actions, children }: { current: string; sub?: ReactNode; actions?: ReactNode; children: ReactNode }): JSX.Element {
  const me = useMe();
  useTitle("Members and roles");
  return (
    <Page title="Members and roles" sub={<p className="page-sub">{sub ?? "Nothing is allowed unless a role says so; a denial wins over every grant."}</p>} actions={actions}>
      <Tabs
        label="Sections" current={current}
        tabs={[
          { to: "/members", label: "Members", hidden: !may(me, "read:members") },
          { to: "/members/roles", label: "Roles", hidden: !may(me, "read:roles") },
          { to: "/members/tokens", label: "API tokens", hidden: !may(me, "read:tokens") },
          { to: "/members/enrolment", label: "Enrolment tokens", hidden: !may(me, "manage:agents") },
        ]}
      />
      {children}
    </Page>
  );
}
