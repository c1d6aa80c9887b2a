import { Button } from "../../kit/Button";
import { Field, SelectField } from "../../kit/form";
import { APIProblem } from "../../kit/problem";
import { builtInRoles } from "./member";
import { CustomRole, RoleDraft, roleName } from "./role";

interface HeadProps {
  role: CustomRole | undefined; roles: readonly CustomRole[]; draft: RoleDraft; canEdit: boolean; problem: APIProblem | undefined;
  onChange: (part: Partial<RoleDraft>) => void; onDelete: () => void;
}

/** What the role is called and what it stands on. Built-in ones are read only and say what they are for. */
export function RoleHead({ role, roles, draft, canEdit, problem, onChange, onDelete }: HeadProps): JSX.Element {
  const members = role?.memberCount === 1 ? "1 member" : `${role?.memberCount ?? 0} members`;
  if (!canEdit) {
    const hint = role?.builtIn ? builtInRoles.find((one) => one.role === role.id)?.hint : role?.description;
    return <div className="card-head"><div><h2>{role ? roleName(role) : "Role"}</h2><p className="sub">{[hint, role?.builtIn ? `Built in, cannot be changed. ${members}.` : `${members}.`].filter(Boolean).join(" ")}</p></div></div>;
  }
  const isTaken = problem?.slug === "role-name-taken" || problem?.field === "name";
  const bind = (name: "name" | "description" | "parentId", error?: string) => ({
    name, value: draft[name], error, onBlur: () => undefined,
    onChange: (event: { currentTarget: { value: string } }) => onChange({ [name]: event.currentTarget.value }),
  });
  // what stands on this role cannot carry it
  const offered = roles.filter((one) => !one.builtIn && one.id !== role?.id);
  return (
    <>
      <div className="card-head">
        <div><h2>{role ? role.name : "New role"}</h2><p className="sub">{role ? `Custom. ${members}.` : "Nothing is allowed until you allow it."}</p></div>
        <span className="actions">{role && <Button small tone="danger" label="Delete" aria-label={`Delete role ${role.name}`} onClick={onDelete} />}</span>
      </div>
      <div className="card-body role-form">
        <Field label="Name" maxLength={64} autoComplete="off" binding={bind("name", isTaken ? problem?.detail ?? "Another role has this name." : undefined)} />
        <SelectField label="Inherits" binding={bind("parentId", problem?.slug === "role-cycle" ? "This would make a circle." : undefined)}>
          <option value="">Nothing</option>
          {offered.map((one) => <option key={one.id} value={one.id}>{roleName(one)}</option>)}
        </SelectField>
        <Field label="Description" maxLength={200} autoComplete="off" binding={bind("description")} />
      </div>
    </>
  );
}
