import { useState } from "react";
import { Day } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { List, useList } from "../../kit/list";
import { Denied } from "../../kit/states";
import { Link } from "../../kit/router";
import { MoreFoot, Wait } from "../../kit/Wait";
import { initials, may, Me, useMe } from "../../session/session";
import { InvitationRow } from "./InvitationRow";
import { InviteDialog } from "./InviteDialog";
import { Invitation, invitationsPath, Member, memberName, membersPath, roleLabel } from "./member";
import { MemberDrawer } from "./MemberDrawer";
import { MemberMenu } from "./MemberMenu";
import { MembersFrame } from "./MembersFrame";

export function Members({ open }: { open: string | undefined }): JSX.Element {
  const me = useMe();
  const mayRead = may(me, "read:members"), mayManage = may(me, "manage:members");
  const members = useList<Member>(mayRead ? membersPath(me) : undefined);
  const invitations = useList<Invitation>(mayManage ? invitationsPath(me) : undefined);
  const [inviting, setInviting] = useState(false);
  if (!mayRead) return <MembersFrame current="/members"><Denied what="members" need="read:members" /></MembersFrame>;
  // Invitations stand below the members: they are waited for, so that no row is pushed down by one that comes late.
  const isReady = members.data && (!mayManage || invitations.data || invitations.problem);
  return (
    <MembersFrame current="/members" actions={mayManage && <Button tone="primary" icon="plus" label="Invite" onClick={() => setInviting(true)} />}>
      <Wait query={{ ...members, data: isReady ? members.data : undefined }} what="The members">
        {(list) => <MemberTable me={me} list={list} members={members} invitations={invitations} open={open} />}
      </Wait>
      {open !== undefined && isReady && may(me, "read:roles") && <MemberDrawer id={open} member={members.data?.find((member) => member.userId === open)} />}
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
    </MembersFrame>
  );
}

function MemberTable({ me, list, members, invitations, open }: {
  me: Me; list: readonly Member[]; members: List<Member>; invitations: List<Invitation>; open: string | undefined;
}): JSX.Element {
  const owners = list.filter((member) => member.role === "owner").length;
  const waiting = invitations.data ?? [];
  return (
    <div className="table-wrap">
      <table className="table table-cards" aria-label="Members">
        <colgroup><col /><col className="w-role" /><col className="col-lower w-state" /><col className="col-lower w-when" /><col className="w-actions" /></colgroup>
        <thead>
          <tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" className="col-lower">State</th><th scope="col" className="right col-lower">Since</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr>
        </thead>
        <tbody>
          {list.map((member) => <MemberRow key={member.userId} member={member} me={me} isLastOwner={member.role === "owner" && owners === 1 && !members.more} selected={member.userId === open} />)}
          {waiting.map((invitation) => <InvitationRow key={invitation.id} invitation={invitation} />)}
        </tbody>
      </table>
      {members.more || invitations.more || members.problem || invitations.problem
        ? <MoreFoot shown={`${list.length} members, ${waiting.length} invited`} list={members.more || members.problem ? members : invitations} /> : null}
    </div>
  );
}

function MemberRow({ member, me, isLastOwner, selected }: { member: Member; me: Me; isLastOwner: boolean; selected: boolean }): JSX.Element {
  const isMe = member.userId === me.user.id;
  return (
    <tr aria-selected={selected || undefined}>
      <td className="c-name">
        <div className="cell-name">
          <span className="avatar" aria-hidden="true">{initials(memberName(member))}</span>
          <div><span className="name">{may(me, "read:roles") ? <Link to={`/members/${member.userId}`} className="name-link" keepScroll>{memberName(member)}</Link> : memberName(member)}{isMe && <span className="faint"> (you)</span>}</span><span className="sub">{member.email}</span></div>
        </div>
      </td>
      <td data-label="Role">{roleLabel(member.role)}</td>
      <td className="col-lower c-drop"><span className="muted">{isLastOwner ? "Last owner" : "Member"}</span></td>
      <td className="right c-drop col-lower"><span className="num muted"><Day at={member.joinedAt} /></span></td>
      <td className="right c-menu"><MemberMenu member={member} isLastOwner={isLastOwner} /></td>
    </tr>
  );
}
