import { useState } from "react";
import { post, remove } from "../../kit/api";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { MenuButton, MenuItem } from "../../kit/Menu";
import { navigate } from "../../kit/router";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { may, reloadSession, useMe } from "../../session/session";
import { Member, memberName, membersPath } from "./member";
import { RoleDialog } from "./RoleDialog";

type Open = "role" | "remove" | "transfer" | undefined;

/** What can be done about a member; what this person may not do is not offered. */
export function MemberMenu({ member, isLastOwner }: { member: Member; isLastOwner: boolean }): JSX.Element | null {
  const me = useMe();
  const [open, setOpen] = useState<Open>();
  const isMe = member.userId === me.user.id, iOwn = me.organization?.role === "owner";
  const mayChange = may(me, "manage:members") && (member.role !== "owner" || iOwn), mayExplain = may(me, "read:roles");
  const pick = (close: () => void, next: Open) => () => { close(); setOpen(next); };
  const name = memberName(member), done = () => setOpen(undefined);
  if (!mayExplain && !mayChange) return null;
  return (
    <>
      <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${name}`} face={<Icon name="more" />} end>
        {(close) => (
          <>
            {mayExplain && <MenuItem onSelect={() => { close(); navigate(`/members/${member.userId}`, { keepScroll: true }); }}><Icon name="eye" />What may {isMe ? "I" : "they"} do, and why</MenuItem>}
            {mayChange && !isLastOwner && <MenuItem onSelect={pick(close, "role")}><Icon name="sliders" />Change role</MenuItem>}
            {iOwn && !isMe && member.role !== "owner" && <MenuItem onSelect={pick(close, "transfer")}><Icon name="swap" />Hand over the organisation</MenuItem>}
            {mayChange && !isMe && !isLastOwner && <MenuItem onSelect={pick(close, "remove")}><Icon name="x" />Remove from organisation</MenuItem>}
          </>
        )}
      </MenuButton>
      {open === "role" && <RoleDialog member={member} onClose={done} />}
      {open === "remove" && <RemoveDialog member={member} onClose={done} />}
      {open === "transfer" && <TransferDialog member={member} onClose={done} />}
    </>
  );
}

interface MemberDialogProps { member: Member; onClose: () => void }

function RemoveDialog({ member, onClose }: MemberDialogProps): JSX.Element {
  const me = useMe(), name = memberName(member);
  async function run(): Promise<void> {
    await remove(`${membersPath(me)}/${member.userId}`);
    invalidate(membersPath(me));
    toast({ title: `${name} is no longer a member`, text: "What they had open here is closed." });
  }
  return (
    <ConfirmDialog title={`Remove ${name}?`} action="Remove" keep="Keep" danger onConfirm={run} onClose={onClose}>
      <p>They lose access at once, on every device, and their API tokens here stop working. What they did stays in the audit log. You can invite them again.</p>
    </ConfirmDialog>
  );
}

function TransferDialog({ member, onClose }: MemberDialogProps): JSX.Element {
  const me = useMe(), name = memberName(member), organisation = me.organization?.displayName ?? "";
  async function run(): Promise<void> {
    await fresh(() => post(`/api/orgs/${me.organization?.id ?? ""}/transfer-ownership`, { userId: member.userId }));
    invalidate(membersPath(me));
    toast({ title: `${name} owns ${organisation} now`, text: "You are an admin of it." });
    await reloadSession();
  }
  return (
    <ConfirmDialog
      title={`Hand ${organisation} over to ${name}?`} action="Hand over" keep="Keep it" danger typed={{ label: "Type the organisation's name", text: organisation }}
      onConfirm={run} onClose={onClose}
    >
      <p>{name} becomes its owner and may delete it, or hand it on. You become an admin; only {name} can make you owner again.</p>
    </ConfirmDialog>
  );
}
