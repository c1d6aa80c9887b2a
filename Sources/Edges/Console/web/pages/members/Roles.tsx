import { useState } from "react";
import { useQuery } from "../../kit/cache";
import { Button } from "../../kit/Button";
import { navigate } from "../../kit/router";
import { Denied, Empty } from "../../kit/states";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { MembersFrame } from "./MembersFrame";
import { CustomRole, RoleDraft, RoleList, roleName, rolesPath } from "./role";
import { RoleEditor } from "./RoleEditor";

/** Unsaved edits by role, kept while the person looks at another one. */
export type Drafts = Readonly<Record<string, RoleDraft>>;

export function Roles({ open }: { open: string | undefined }): JSX.Element {
  const me = useMe();
  const mayRead = may(me, "read:roles"), mayManage = may(me, "manage:roles");
  const roles = useQuery<RoleList>(mayRead ? rolesPath : undefined);
  const [drafts, setDrafts] = useState<Drafts>({});
  if (!mayRead) return <MembersFrame current="/members/roles"><Denied what="roles" need="read:roles" /></MembersFrame>;
  const setDraft = (id: string, draft: RoleDraft | undefined): void => setDrafts(({ [id]: _, ...rest }) => draft ? { ...rest, [id]: draft } : rest);
  return (
    <MembersFrame current="/members/roles">
      <Wait query={roles} what="The roles" rows={6}>
        {({ data, permissions }) => {
          const custom = data.filter((role) => !role.builtIn);
          const shown = open ?? custom[0]?.id ?? data[0]?.id ?? "";
          const role = data.find((one) => one.id === shown);
          return (
            <div className="cols roles-grid">
              <RolePicker roles={data} shown={shown} drafts={drafts} mayManage={mayManage} />
              {role || shown === "new"
                ? <RoleEditor key={shown} role={role} roles={data} permissions={permissions} draft={drafts[shown]} onDraft={(draft) => setDraft(shown, draft)} />
                : <div className="card"><Empty icon="shield" title="No such role">It was deleted, or the address is mistyped.</Empty></div>}
            </div>
          );
        }}
      </Wait>
    </MembersFrame>
  );
}

function RolePicker({ roles, shown, drafts, mayManage }: { roles: readonly CustomRole[]; shown: string; drafts: Drafts; mayManage: boolean }): JSX.Element {
  const under = (role: CustomRole): string => {
    if (role.builtIn) return "Built in";
    const parent = roles.find((one) => one.id === role.parentId);
    return parent ? `Custom, inherits ${roleName(parent)}` : "Custom";
  };
  return (
    <div className="stack stack-3">
      <div className="card picker" role="group" aria-label="Roles">
        {roles.map((role) => (
          <button key={role.id} type="button" aria-current={role.id === shown} onClick={() => navigate(`/members/roles/${role.id}`, { replace: true, keepScroll: true })}>
            <span className="grow"><span className="name picker-name">{roleName(role)}</span><span className="sub">{drafts[role.id] ? "Not saved yet" : under(role)}</span></span>
            <span className="num faint" title={role.memberCount === 1 ? "1 member" : `${role.memberCount} members`}>{role.memberCount}</span>
          </button>
        ))}
      </div>
      {mayManage && <Button tone="quiet" icon="plus" label="New role" aria-current={shown === "new" ? "page" : undefined} onClick={() => navigate("/members/roles/new", { replace: true, keepScroll: true })} />}
    </div>
  );
}
