import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { Drawer } from "../../kit/Drawer";
import { Icon } from "../../kit/Icon";
import { navigate } from "../../kit/router";
import { Empty } from "../../kit/states";
import { Wait } from "../../kit/Wait";
import { initials, useMe } from "../../session/session";
import { Member, memberName, membersPath, roleLabel } from "./member";
import { actionWords, Conditions, resourceWord } from "./role";

interface Because { effect: "allow" | "deny"; role: string; roleId?: string; inheritedBy?: string; rule: string; conditions?: Conditions }
interface Explained { userId: string; role: string; roles: { id: string; name: string }[]; unrestricted: boolean; permissions: { permission: string; allowed: boolean; because: Because[]; reason: string }[] }

/** What someone may do and why: every permission with the rule that decides it. */
export function MemberDrawer({ id, member }: { id: string; member: Member | undefined }): JSX.Element {
  const me = useMe();
  const explained = useQuery<Explained>(`${membersPath(me)}/${id}/permissions`);
  const name = member ? memberName(member) : "Member";
  const close = (): void => navigate("/members", { keepScroll: true });
  return (
    <Drawer
      label={name} subject={id} onClose={close}
      head={
        <>
          <div className="drawer-title">
            <span className="avatar" aria-hidden="true">{initials(name)}</span>
            <div className="grow"><h2 tabIndex={-1}>{name}</h2><span className="sub">{member?.email}</span></div>
            <Button tone="quiet" icon="x" iconOnly label="Close" onClick={close} />
          </div>
          <p className="drawer-lead muted">What {member?.userId === me.user.id ? "you" : "they"} may do here, and why.</p>
        </>
      }
    >
      {explained.problem?.status === 404
        ? <Empty icon="users" title="No such member">They may have left, or the address is mistyped.</Empty>
        : <Wait query={explained} what="The permissions" rows={6}>{(data) => <Explanation data={data} />}</Wait>}
    </Drawer>
  );
}

function Explanation({ data }: { data: Explained }): JSX.Element {
  const groups = new Map<string, Explained["permissions"]>();
  for (const one of data.permissions) {
    const resource = one.permission.split(":")[1] ?? "";
    groups.set(resource, [...groups.get(resource) ?? [], one]);
  }
  return (
    <div className="stack">
      <div className="row-wrap">
        <span className="badge">{roleLabel(data.role)}</span>
        {data.roles.map((role) => <span key={role.id} className="badge" data-tone="info">{role.name}</span>)}
        {!data.unrestricted && <span className="badge" data-tone="outline">Sees only some machines</span>}
      </div>
      {[...groups].map(([resource, permissions]) => (
        <section key={resource} aria-label={resourceWord(resource)}>
          <h3 className="explain-head">{resourceWord(resource)}</h3>
          <ul className="explain">
            {permissions.map((one) => <Line key={one.permission} permission={one.permission} allowed={one.allowed} because={one.because} reason={one.reason} />)}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Line({ permission, allowed, because, reason }: Explained["permissions"][number]): JSX.Element {
  const action = permission.split(":")[0] ?? "";
  const denied = because.some((one) => one.effect === "deny");
  const grant = allowed ? (because.some((one) => one.conditions) ? "limited" : "allow") : denied ? "deny" : "none";
  const word = allowed ? "Allowed" : denied ? "Denied" : "Not granted";
  return (
    <li>
      <span className="grant" data-grant={grant} aria-hidden="true">{grant === "none" ? null : <Icon name={grant === "deny" ? "x" : grant === "limited" ? "filter" : "check"} />}</span>
      <div className="grow">
        <span className={allowed ? "name" : "muted"}>{actionWords[action] ?? action}</span> <span className="visually-hidden">{word}</span>
        <p className="sub">{reason || "No role gives it."}</p>
      </div>
      <span className="mono faint hide-narrow">{permission}</span>
    </li>
  );
}
