// How an organisation is left, handed over, deleted, and brought back.
import { useState } from "react";
import { post, request } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { asProblem } from "../../kit/problem";
import { home, Link, navigate } from "../../kit/router";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { ensureFresh, fresh } from "../../session/fresh";
import { loadSession, reloadSession, useMe } from "../../session/session";
import { OrganisationDetail, organisationPath } from "./organisation";

export function LeaveCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const isOwner = organisation.role === "owner";
  async function leave(): Promise<void> {
    await post(`${organisationPath(me)}/leave`);
    toast({ title: `You left ${organisation.displayName}`, text: "What you did there stays in its audit log." });
    navigate(home);
    await loadSession();
  }
  return (
    <section className="card" aria-labelledby="leave-head">
      <div className="card-head"><h2 id="leave-head">{isOwner ? "Hand over or leave" : "Leave"}</h2></div>
      <div className="card-body row end-row">
        <p className="muted grow">
          {isOwner ? <>Hand it to someone in the <Link to="/members">list of members</Link>. An organisation always keeps one owner, so the last one cannot leave.</> : "You lose access at once. Someone who manages members can invite you again."}
        </p>
        <Button tone="danger" label="Leave" onClick={() => setAsking(true)} />
      </div>
      {asking && (
        <ConfirmDialog title={`Leave ${organisation.displayName}?`} action="Leave" keep="Stay" danger onConfirm={leave} onClose={() => setAsking(false)}>
          <p>You lose access at once, in every tab and on every device. Tokens you made here stop working.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

/** Everything the organisation owns as one archive, with checksums; the owner's to take at any time. */
export function ExportCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const [busy, setBusy] = useState(false);
  async function download(): Promise<void> {
    setBusy(true);
    try {
      if (!await ensureFresh()) return;
      const link = document.createElement("a");
      link.href = `/api/orgs/${organisation.id}/export`;
      link.download = `pulse-${organisation.slug}.tar.gz`;
      link.click();
      toast({ mark: "info", title: "The export has begun", text: "Your browser keeps it when it is complete. Secrets stay sealed." });
    } catch (error) {
      toast({ mark: "critical", title: "Not exported", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="export-head">
      <div className="card-head"><h2 id="export-head">Take everything out</h2></div>
      <div className="card-body row end-row">
        <p className="muted grow">One archive of JSON Lines with checksums: members, sites, machines, history and the audit log. It can be read into a new organisation, here or elsewhere.</p>
        <Button icon="download" label="Export" busy={busy} onClick={() => void download()} />
      </div>
    </section>
  );
}

export function EndCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  return organisation.status === "pending_deletion" ? <RestoreCard organisation={organisation} /> : <DeleteCard organisation={organisation} />;
}

function DeleteCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const me = useMe();
  const [asking, setAsking] = useState(false);
  const machines = useQuery<{ meta?: { total?: number } }>("/api/resources?limit=1").data?.meta?.total;
  const watched = machines === undefined || machines === 0 ? "" : machines === 1 ? " for 1 machine" : ` for ${machines} machines`;
  async function run(): Promise<void> {
    await fresh(() => request("DELETE", organisationPath(me), { body: { retentionDays: 30, confirm: organisation.slug } }));
    invalidate(organisationPath(me));
    toast({ mark: "info", title: `${organisation.displayName} is being deleted`, text: "You can restore everything for 30 days." });
    await reloadSession();
  }
  return (
    <section className="card danger-card" aria-labelledby="delete-head">
      <div className="card-head"><h2 id="delete-head">Delete this organisation</h2></div>
      <div className="card-body row end-row">
        <p className="muted grow">Watching stops now{watched}. For 30 days you can restore everything; after that its data, keys and history are destroyed and you receive a certificate.</p>
        <Button tone="danger" label="Delete" onClick={() => setAsking(true)} />
      </div>
      {asking && (
        <ConfirmDialog
          title={`Delete ${organisation.displayName}?`} action="Delete" keep="Keep it" danger typed={{ label: "Type the organisation's name", text: organisation.displayName }}
          onConfirm={run} onClose={() => setAsking(false)}
        >
          <p>Watching stops now{watched}. You can restore everything for 30 days; after that keys, history and backups of it are destroyed and you receive a certificate.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function RestoreCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const me = useMe();
  const [busy, setBusy] = useState(false);
  async function restore(): Promise<void> {
    setBusy(true);
    try {
      await fresh(() => post(`${organisationPath(me)}/restore`));
      invalidate(organisationPath(me));
      await reloadSession();
      toast({ title: `${organisation.displayName} is back`, text: "Watching goes on where it stopped." });
    } catch (error) {
      toast({ mark: "critical", title: "Not restored", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card danger-card" aria-labelledby="restore-head">
      <div className="card-head"><h2 id="restore-head">Being deleted</h2></div>
      <div className="card-body row end-row">
        <p className="muted grow">
          {organisation.deleteAfter ? <>Everything can be restored until <strong className="name">{dateTime(new Date(organisation.deleteAfter))}</strong>. After that nobody can bring it back.</> : "Everything can still be restored."}
        </p>
        {organisation.role === "owner" ? <Button tone="primary" label="Restore" busy={busy} onClick={() => void restore()} /> : <span className="faint">An owner can restore it.</span>}
      </div>
    </section>
  );
}
