import { useQuery } from "../../kit/cache";
import { may, useMe } from "../../session/session";
import { roleLabel } from "../members/member";

const builtIn = ["viewer", "auditor", "editor", "admin"];

/** The roles a group can give: the built-in ones but owner, and the organisation's own. */
export function RoleSelect({ label, value, onChange }: { label: string; value: string; onChange: (role: string) => void }): JSX.Element {
  const me = useMe();
  const roles = useQuery<{ data: { id: string; name: string; builtIn: boolean }[] }>(may(me, "read:roles") ? "/api/admin/roles" : undefined);
  const own = (roles.data?.data ?? []).filter((one) => !one.builtIn);
  const isKnown = builtIn.includes(value) || own.some((one) => one.id === value);
  return (
    <select className="select" aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {builtIn.map((role) => <option key={role} value={role}>{roleLabel(role)}</option>)}
      {own.map((role) => <option key={role.id} value={role.id}>{role.name}</option>)}
      {!isKnown && <option value={value}>A role of your own</option>}
    </select>
  );
}
