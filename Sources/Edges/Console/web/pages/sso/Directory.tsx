// SCIM: the organisation's directory tells who belongs here, and takes away who has left.
import { useId, useState } from "react";
import { When } from "../../kit/Age";
import { put, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useCreate, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { SecretOnce } from "../../kit/SecretOnce";
import { LoadingTable } from "../../kit/states";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { CopyLine } from "./CopyLine";
import { RoleSelect } from "./RoleSelect";
import { directoryPath } from "./sso";
import { SsoFrame } from "./SsoFrame";

interface Mapping { group: string; role?: string; roleId?: string }
interface DirectoryState { enabled: boolean; baseUrl: string; defaultRole: string; mappings: Mapping[]; users: number; activeUsers: number; groups: number; lastSyncAt?: string }
interface DirectoryToken { id: string; name: string; prefix: string; createdAt: string; expiresAt?: string; replacedBy?: string; lastUsedAt?: string; lastUsedAddress?: string }
const tokensPath = `${directoryPath}/tokens`;

export function Directory(): JSX.Element {
  const me = useMe(), mayRead = may(me, "read:security"), mayChange = may(me, "manage:security");
  const state = useQuery<DirectoryState>(mayRead ? directoryPath : undefined), tokens = useQuery<{ data: DirectoryToken[] }>(mayRead ? tokensPath : undefined);
  const isReady = (state.data ?? state.problem) && (tokens.data ?? tokens.problem);
  return (
    <SsoFrame current="/sso/directory">
      {!isReady ? <LoadingTable /> : <Wait query={state} what="The directory">
        {(directory) => (
          <div className="stack stack-6 settings">
            <section className="card" aria-labelledby="directory-head">
              <div className="card-head">
                <div><h2 id="directory-head">Your directory, by SCIM 2.0</h2><p className="sub">Who is added there is a member here; who is deactivated there is out within a second, with sessions and tokens.</p></div>
                <span className="actions"><Status mark={directory.enabled ? "ok" : "paused"}>{directory.enabled ? "On" : "No token yet"}</Status></span>
              </div>
              <div className="card-body stack">
                <CopyLine label="Tenant URL, SCIM base URL" value={directory.baseUrl} />
                <p className="muted">{directory.activeUsers.toLocaleString("en")} of {directory.users.toLocaleString("en")} people active, {directory.groups.toLocaleString("en")} groups{directory.lastSyncAt && <>, last heard of <When at={directory.lastSyncAt} /></>}.</p>
              </div>
            </section>
            <Wait query={tokens} what="The tokens" rows={1}>{({ data }) => <TokensCard tokens={data} mayChange={mayChange} />}</Wait>
            <MappingCard key={JSON.stringify(directory.mappings) + directory.defaultRole} directory={directory} mayChange={mayChange} />
          </div>
        )}
      </Wait>}
    </SsoFrame>
  );
}

function TokensCard({ tokens, mayChange }: { tokens: readonly DirectoryToken[]; mayChange: boolean }): JSX.Element {
  const formID = useId(), create = useCreate<{ token: string }>(tokensPath);
  const [making, setMaking] = useState(false), [secret, setSecret] = useState<string>(), [ending, setEnding] = useState<DirectoryToken>();
  const form = useForm({
    initial: { name: "" }, check: ({ name }) => ({ name: name.trim() === "" ? "Name what will use it." : undefined }),
    submit: async ({ name }) => {
      const made = await fresh(() => create({ name: name.trim() }));
      setMaking(false);
      setSecret(made.token);
      invalidate(directoryPath);
    },
  });
  async function end(token: DirectoryToken): Promise<void> {
    await fresh(() => remove(`${tokensPath}/${token.id}`));
    invalidate(directoryPath);
    toast({ title: `${token.name} has ended`, text: "The directory is refused from now on; its people stay." });
  }
  return (
    <section className="card" aria-labelledby="scim-tokens-head">
      <div className="card-head"><div><h2 id="scim-tokens-head">Tokens</h2><p className="sub">What the directory calls with, as a bearer token.</p></div><span className="actions">{mayChange && <Button small icon="plus" label="New token" onClick={() => setMaking(true)} />}</span></div>
      <ul className="list">
        {tokens.length === 0 && <li><span className="muted">None. The directory cannot call yet.</span></li>}
        {tokens.map((one) => (
          <li key={one.id}>
            <span className="kind"><Icon name="key" /></span>
            <div className="grow"><span className="name">{one.name}</span><p className="sub"><span className="mono">{one.prefix}…</span> · {one.lastUsedAt ? <>last used <When at={one.lastUsedAt} /></> : "never used"}{one.expiresAt && <>, ends <When at={one.expiresAt} /></>}</p></div>
            {one.replacedBy && <Status mark="pending">Replaced</Status>}
            {mayChange && <Button small tone="quiet" label="End" aria-label={`End ${one.name}`} onClick={() => setEnding(one)} />}
          </li>
        ))}
      </ul>
      {making && (
        <Dialog title="New directory token" onClose={() => setMaking(false)} foot={<><Button label="Cancel" onClick={() => setMaking(false)} /><Button tone="primary" type="submit" form={formID} label="Create token" busy={form.pending} /></>}>
          <form id={formID} className="stack stack-3" {...form.props}><Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} placeholder="Entra provisioning" /><FormProblem problem={form.problem} /></form>
        </Dialog>
      )}
      {secret && <Dialog title="The token is ready" onClose={() => setSecret(undefined)} isSticky foot={<Button tone="primary" label="I have copied it" onClick={() => setSecret(undefined)} />}><SecretOnce label="Secret token" secret={secret} /></Dialog>}
      {ending && <ConfirmDialog title={`End ${ending.name}?`} action="End it" keep="Keep it" danger onConfirm={() => end(ending)} onClose={() => setEnding(undefined)}><p>Whatever calls with it is refused at once.</p></ConfirmDialog>}
    </section>
  );
}

function MappingCard({ directory, mayChange }: { directory: DirectoryState; mayChange: boolean }): JSX.Element {
  const [mappings, setMappings] = useState(directory.mappings.map((one) => ({ group: one.group, role: one.role ?? one.roleId ?? "viewer" })));
  const [standard, setStandard] = useState(directory.defaultRole), [busy, setBusy] = useState(false);
  const change = (at: number, next: Partial<{ group: string; role: string }>): void => setMappings(mappings.map((one, index) => index === at ? { ...one, ...next } : one));
  async function save(): Promise<void> {
    setBusy(true);
    try {
      const said = mappings.filter((one) => one.group.trim()).map((one) => /^[0-9a-f]{8}-/.test(one.role) ? { group: one.group.trim(), roleId: one.role } : { group: one.group.trim(), role: one.role });
      await fresh(() => put(directoryPath, { defaultRole: standard, mappings: said }));
      invalidate(directoryPath);
      toast({ title: "Saved", text: "Everybody's role was worked out anew." });
    } catch (error) {
      toast({ mark: "critical", title: "Not saved", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="scim-roles-head">
      <div className="card-head"><div><h2 id="scim-roles-head">Its groups to roles</h2><p className="sub">The strongest that fits counts; roles given by hand stay beside it.</p></div></div>
      <div className="card-body stack">
        {mappings.map((one, index) => (
          <div className="row mapping" key={index}>
            <input className="input grow" aria-label={`Group ${index + 1}`} value={one.group} spellCheck={false} autoComplete="off" placeholder="Pulse Admins" onChange={(event) => change(index, { group: event.currentTarget.value })} />
            <RoleSelect label={`Role of group ${index + 1}`} value={one.role} onChange={(role) => change(index, { role })} />
            <Button small tone="quiet" icon="x" iconOnly label={`Remove group ${index + 1}`} onClick={() => setMappings(mappings.filter((_, at) => at !== index))} />
          </div>
        ))}
        <div><Button small icon="plus" label="Map a group" onClick={() => setMappings([...mappings, { group: "", role: "viewer" }])} /></div>
        <div className="field"><span className="label">Everybody else becomes</span><RoleSelect label="Everybody else becomes" value={standard} onChange={setStandard} /></div>
      </div>
      {mayChange && <div className="card-foot"><Button tone="primary" label="Save roles" busy={busy} onClick={() => void save()} /></div>}
    </section>
  );
}
