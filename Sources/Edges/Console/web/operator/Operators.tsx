// Who runs this installation. Accounts are made in a shell alone; here they are shut, opened and begun anew.
import { useState } from "react";
import { Day, When } from "../kit/Age";
import { post } from "../kit/api";
import { Button } from "../kit/Button";
import { invalidate, useQuery } from "../kit/cache";
import { ConfirmDialog } from "../kit/ConfirmDialog";
import { Dialog } from "../kit/Dialog";
import { Icon } from "../kit/Icon";
import { initials } from "../kit/initials";
import { MenuButton, MenuItem } from "../kit/Menu";
import { Page } from "../kit/Page";
import { useTitle } from "../kit/router";
import { SecretOnce } from "../kit/SecretOnce";
import { Mark, Status } from "../kit/Status";
import { toast } from "../kit/Toast";
import { dateTime } from "../kit/units";
import { Wait } from "../kit/Wait";
import { AdminsOnly } from "./AdminsOnly";
import { isAdmin, useOperator } from "./session";
import { OperatorRow, operatorsPath, roleWord } from "./wire";

const states: Record<OperatorRow["status"], { mark: Mark; word: string }> = {
  active: { mark: "ok", word: "Active" }, invited: { mark: "pending", word: "Not set up" }, disabled: { mark: "paused", word: "Disabled" },
};

export function Operators(): JSX.Element {
  useTitle("Operators");
  const me = useOperator();
  const operators = useQuery<{ data: OperatorRow[] }>(isAdmin(me) ? operatorsPath : undefined);
  return (
    <Page title="Operators" sub={<p className="page-sub">New ones are made in a shell: <span className="mono">pulse admin operator create</span></p>}>
      <AdminsOnly what="Operators are">
        <Wait query={operators} what="The operators" rows={3}>
          {({ data }) => (
            <div className="table-wrap">
              <table className="table table-cards" aria-label="Operators">
                <colgroup><col /><col className="w-role" /><col className="w-state" /><col className="col-lower w-when" /><col className="col-lower w-when" /><col className="w-menu" /></colgroup>
                <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">State</th><th scope="col" className="right col-lower">Signed in</th><th scope="col" className="right col-lower">Since</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
                <tbody>{data.map((one) => <OperatorLine key={one.id} operator={one} isMe={one.id === me.id} />)}</tbody>
              </table>
            </div>
          )}
        </Wait>
      </AdminsOnly>
    </Page>
  );
}

function OperatorLine({ operator, isMe }: { operator: OperatorRow; isMe: boolean }): JSX.Element {
  const state = states[operator.status];
  return (
    <tr>
      <td className={isMe ? "c-name c-full" : "c-name"}><div className="cell-name"><span className="avatar" aria-hidden="true">{initials(operator.displayName)}</span><div><span className="name">{operator.displayName}{isMe && <> <span className="badge">You</span></>}</span><span className="sub">{operator.email}</span></div></div></td>
      <td data-label="Role">{roleWord(operator.role)}</td>
      <td data-label="State"><Status mark={state.mark}>{state.word}</Status></td>
      <td className="right c-drop col-lower"><span className="num muted">{operator.lastSignInAt ? <When at={operator.lastSignInAt} /> : "—"}</span></td>
      <td className="right c-drop col-lower"><span className="num muted"><Day at={operator.createdAt} /></span></td>
      <td className="right c-menu">{!isMe && <OperatorMenu operator={operator} />}</td>
    </tr>
  );
}

interface Fresh { setupUrl: string; expiresAt: string }

function OperatorMenu({ operator }: { operator: OperatorRow }): JSX.Element {
  const [open, setOpen] = useState<"disable" | "enable" | "reset">();
  const [link, setLink] = useState<Fresh>();
  const name = operator.displayName, path = `${operatorsPath}/${operator.id}`;
  async function act(verb: "disable" | "enable" | "reset"): Promise<void> {
    if (verb === "reset") setLink(await post<Fresh>(`${path}/reset`, {}));
    else {
      await post(`${path}/${verb}`, {});
      toast({ title: verb === "disable" ? `${name} is shut out` : `${name} may sign in again`, text: verb === "disable" ? "Their sessions and all support access they held have ended." : undefined });
    }
    invalidate(operatorsPath);
  }
  return (
    <>
      <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${name}`} face={<Icon name="more" />} end>
        {(close) => (
          <>
            <MenuItem onSelect={() => { close(); setOpen("reset"); }}><Icon name="refresh" />Begin anew</MenuItem>
            {operator.status === "disabled"
              ? <MenuItem onSelect={() => { close(); setOpen("enable"); }}><Icon name="check" />Let in again</MenuItem>
              : <MenuItem onSelect={() => { close(); setOpen("disable"); }}><Icon name="x" />Shut out</MenuItem>}
          </>
        )}
      </MenuButton>
      {open === "disable" && <ConfirmDialog title={`Shut ${name} out?`} action="Shut out" keep="Cancel" danger onConfirm={() => act("disable")} onClose={() => setOpen(undefined)}><p>Their sessions end at once. What they did stays in the log.</p></ConfirmDialog>}
      {open === "enable" && <ConfirmDialog title={`Let ${name} in again?`} action="Let in" onConfirm={() => act("enable")} onClose={() => setOpen(undefined)}><p>With the password and the app they had.</p></ConfirmDialog>}
      {open === "reset" && <ConfirmDialog title={`Begin anew for ${name}?`} action="Begin anew" danger onConfirm={() => act("reset")} onClose={() => setOpen(undefined)}><p>Password, authenticator app and sessions end. You get a link that sets up new ones; hand it over yourself.</p></ConfirmDialog>}
      {link && !open && (
        <Dialog title={`The link for ${name}`} isSticky onClose={() => setLink(undefined)} foot={<Button tone="primary" label="I have copied it" onClick={() => setLink(undefined)} />}>
          <SecretOnce label="Set-up link" secret={link.setupUrl} note={`It works once, until ${dateTime(new Date(link.expiresAt))}, and is never shown again.`} />
        </Dialog>
      )}
    </>
  );
}
