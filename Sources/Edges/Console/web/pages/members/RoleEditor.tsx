import { useState } from "react";
import { When } from "../../kit/Age";
import { get, put, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { FormProblem, useCreate } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { navigate } from "../../kit/router";
import { StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { ancestors, changesOf, CustomRole, draftBody, draftOf, isConditional, pressed, RoleDraft, roleName, rolesPath } from "./role";
import { RoleHead } from "./RoleHead";
import { RoleLimits } from "./RoleLimits";
import { MatrixKey, RoleMatrix } from "./RoleMatrix";

interface EditorProps {
  /** Undefined: a new one. */
  role: CustomRole | undefined;
  roles: readonly CustomRole[];
  permissions: readonly string[];
  draft: RoleDraft | undefined;
  onDraft: (draft: RoleDraft | undefined) => void;
}

/** One role: its matrix and where it holds. Edits wait at the foot until they are saved; a colleague's edit is not written over. */
export function RoleEditor({ role, roles, permissions, draft: edited, onDraft }: EditorProps): JSX.Element {
  const me = useMe();
  const create = useCreate<CustomRole>(rolesPath);
  const [base] = useState(role);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<APIProblem>();
  const [theirs, setTheirs] = useState<CustomRole>();
  const [deleting, setDeleting] = useState(false);
  const saved = draftOf(role), draft = edited ?? saved, changes = changesOf(saved, draft);
  const canEdit = may(me, "manage:roles") && !role?.builtIn;
  const chain = ancestors(draft.parentId, roles), parent = chain[0];
  const change = (part: Partial<RoleDraft>): void => { setProblem(undefined); onDraft({ ...draft, ...part }); };

  async function save(overwrite: boolean): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      if (role && !overwrite) {
        const now = await get<CustomRole>(`${rolesPath}/${role.id}`);
        if (now.updatedAt !== (base ?? role).updatedAt && now.updatedAt !== role.updatedAt) { setTheirs(now); return; }
      }
      const body = draftBody(draft);
      const after = await fresh(() => role ? put<CustomRole>(`${rolesPath}/${role.id}`, body) : create(body));
      setTheirs(undefined);
      onDraft(undefined);
      invalidate(rolesPath);
      toast({ title: role ? `${after.name} saved` : `${after.name} created`, text: role && role.memberCount > 0 ? "It holds from the next request on, and on what is open within a second." : "Give it to someone in the list of members." });
      if (!role) navigate(`/members/roles/${after.id}`, { replace: true, keepScroll: true });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  async function destroy(): Promise<void> {
    await fresh(() => remove(`${rolesPath}/${role?.id ?? ""}`));
    onDraft(undefined);
    invalidate(rolesPath);
    navigate("/members/roles", { replace: true, keepScroll: true });
    toast({ title: `${role?.name ?? "Role"} deleted`, text: "Who had it keeps only their other roles." });
  }

  const count = changes === 1 ? "1 change" : `${changes} changes`;
  const affected = !role ? "Nobody has it yet." : role.memberCount === 1 ? "Affects 1 member." : `Affects ${role.memberCount} members.`;
  return (
    <div className="card">
      <RoleHead role={role} roles={roles} draft={draft} canEdit={canEdit} problem={problem} onChange={change} onDelete={() => setDeleting(true)} />
      <RoleMatrix
        draft={draft} saved={saved} chain={chain} permissions={permissions}
        onPress={canEdit ? (action, resource, own) => change({ rules: pressed(draft.rules, action, resource, own) }) : undefined}
      />
      {(canEdit || draft.rules.some(isConditional)) && <RoleLimits rules={draft.rules} onChange={canEdit ? (rules) => change({ rules }) : undefined} />}
      <div className="card-foot"><MatrixKey parent={parent && roleName(parent)} /></div>
      {canEdit && (
        <div className="card-foot save-bar" data-active={changes > 0 ? "" : undefined}>
          <span className="grow" role="status">{changes > 0 ? <><strong>{count}</strong>, not saved. {affected}</> : "No changes."}</span>
          <Button small tone="quiet" label="Discard" disabled={changes === 0} onClick={() => { setTheirs(undefined); setProblem(undefined); onDraft(undefined); }} />
          <Button small tone="primary" label={role ? "Save role" : "Create role"} busy={busy} disabled={changes === 0 || draft.name.trim() === ""} onClick={() => void save(false)} />
        </div>
      )}
      {(problem && problem.field !== "name" && problem.slug !== "role-name-taken" || theirs) && (
        <div className="card-body save-problem">
          {theirs
            ? (
              <div className="banner" data-tone="warning" role="alert">
                <StatusMark mark="warning" />
                <div><strong>Role not saved.</strong> <span className="muted">It was changed {theirs.updatedAt && <When at={theirs.updatedAt} />}. Your edits are still here.</span></div>
                <div className="actions">
                  <Button small label="Take theirs" onClick={() => { setTheirs(undefined); onDraft(undefined); invalidate(rolesPath); }} />
                  <Button small tone="danger" label="Save mine" onClick={() => void save(true)} />
                </div>
              </div>
            )
            : <FormProblem problem={problem} />}
        </div>
      )}
      {deleting && role && (
        <ConfirmDialog title={`Delete ${role.name}?`} action="Delete role" keep="Keep it" danger onConfirm={destroy} onClose={() => setDeleting(false)}>
          <p>{role.memberCount === 0 ? "Nobody has it." : role.memberCount === 1 ? "1 member loses what it gives, at once." : `${role.memberCount} members lose what it gives, at once.`} A role that others inherit from cannot be deleted.</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
